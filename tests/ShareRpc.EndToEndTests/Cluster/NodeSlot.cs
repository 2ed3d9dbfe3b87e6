using System.Globalization;
using ShareRpc.EndToEndTests.Harness;

namespace ShareRpc.EndToEndTests.Cluster;

/// <summary>One node over all its lives: a process, and the proxy between it and the database.</summary>
internal sealed class NodeSlot(string name, string data, int databasePort, string database, string broken)
    : IAsyncDisposable
{
    private const string Ready = "ready ";
    private readonly FaultProxy link = new() { Server = new Uri($"http://127.0.0.1:{databasePort}") };
    private Tool? process;

    public string Name => name;

    /// <summary>Where it takes connections; null while it does not.</summary>
    public Uri? Address { get; private set; }

    public FaultProxy Link => link;

    /// <summary>How far its clock is off.</summary>
    public TimeSpan ClockOff { get; init; }

    /// <summary>The database is another server now; connections to the former are cut.</summary>
    public void Follow(int port)
    {
        link.Server = new Uri($"http://127.0.0.1:{port}");
        link.Arm(Fault.CutAll);
    }

    /// <summary>Gets whether it served, and died of a fault.</summary>
    public bool HasDied => Address is not null && process is { HasExited: true };

    public int Kills { get; private set; }

    public int Stops { get; private set; }

    public bool IsPaused { get; private set; }

    public string Errors => process?.Errors ?? "";

    public long ResidentMegabytes()
    {
        using var running = System.Diagnostics.Process.GetProcessById(process!.Id);
        return running.WorkingSet64 >> 20;
    }

    public async Task StartAsync(string? fault, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            "server", "--data", data, "--node", name, "--postgres",
            PostgresServer.ConnectionString(database, link.Address.Port),
            "--clock-off", ClockOff.TotalSeconds.ToString(CultureInfo.InvariantCulture),
        ];
        while (true)
        {
            var environment = new Dictionary<string, string> { ["SHARERPC_BROKEN"] = broken };
            if (fault is not null) environment["SHARERPC_FAULT"] = fault;
            Tool started = Tool.StartProgram("ShareRpc.EndToEndTests.dll", environment, arguments);
            process = started;
            string? ready = null;
            await Until.TrueAsync(
                () =>
                {
                    ready = started.Lines.FirstOrDefault(line => line.StartsWith(Ready, StringComparison.Ordinal));
                    return started.HasExited || ready is not null;
                },
                cancellationToken);
            if (ready is not null)
            {
                Address = new Uri(ready[Ready.Length..]);
                return;
            }

            // The database may be away, which a start does not wait for.
            await started.WaitForExitAsync(cancellationToken);
            await started.DisposeAsync();
            fault = null;
            await Until.PassedAsync(TimeSpan.FromMilliseconds(100), cancellationToken);
        }
    }

    public async Task KillAsync(CancellationToken cancellationToken)
    {
        Address = null;
        process!.Kill();
        await process.WaitForExitAsync(cancellationToken);
        await process.DisposeAsync();
        IsPaused = false;
        Kills++;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Address = null;
        await process!.TerminateAsync(cancellationToken);
        if (process.ExitCode == 137) Kills++;
        else Stops++;
        await process.DisposeAsync();
    }

    public async Task PauseAsync(CancellationToken cancellationToken)
    {
        IsPaused = true;
        await process!.PauseAsync(cancellationToken);
    }

    public async Task ResumeAsync(CancellationToken cancellationToken)
    {
        if (!IsPaused) return;
        await process!.ResumeAsync(cancellationToken);
        IsPaused = false;
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null) await process.DisposeAsync();
        await link.DisposeAsync();
    }
}
