namespace ShareRpc.EndToEndTests.Harness;

/// <summary>The server over all its lives, behind the proxy.</summary>
internal sealed class ServerSlot(FaultProxy proxy, string data) : IAsyncDisposable
{
    private const string Ready = "ready ";
    private Tool? process;

    public int Kills { get; private set; }

    public int Stops { get; private set; }

    /// <summary>It died of a fault.</summary>
    public bool HasDied => process is { HasExited: true };

    public string Errors => process?.Errors ?? "";

    public async Task StartAsync(string? fault, CancellationToken cancellationToken)
    {
        while (true)
        {
            Tool started = HarnessProgram.Start(fault, "server", "--data", data);
            process = started;
            await Until.TrueAsync(
                () => started.HasExited || started.Lines.Any(line => line.StartsWith(Ready, StringComparison.Ordinal)),
                cancellationToken);
            if (!started.HasExited)
            {
                proxy.Server = new Uri(
                    started.Lines.First(line => line.StartsWith(Ready, StringComparison.Ordinal))[Ready.Length..]);
                return;
            }

            await started.WaitForExitAsync(cancellationToken);
            if (started.ExitCode != 137) throw new InvalidOperationException($"the server failed: {started.Errors}");
            Kills++;
            fault = null;
        }
    }

    public async Task KillAsync(CancellationToken cancellationToken)
    {
        process!.Kill();
        await process.WaitForExitAsync(cancellationToken);
        await process.DisposeAsync();
        Kills++;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await process!.TerminateAsync(cancellationToken);
        if (process.ExitCode == 137) Kills++;
        else if (process.ExitCode == 0) Stops++;
        else throw new InvalidOperationException($"the server ended with {process.ExitCode}: {process.Errors}");
        await process.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null) await process.DisposeAsync();
    }
}
