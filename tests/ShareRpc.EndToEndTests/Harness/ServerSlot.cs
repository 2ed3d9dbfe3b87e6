namespace ShareRpc.EndToEndTests.Harness;

/// <summary>The server over all its lives, behind the proxy.</summary>
internal sealed class ServerSlot(FaultProxy proxy, string data) : IServers
{
    private const string Ready = "ready ";
    private Tool? process;

    public int Kills { get; private set; }

    public int Stops { get; private set; }

    private bool HasDied => process is { HasExited: true };

    public string Errors => process?.Errors ?? "";

    public Task StartAsync(CancellationToken cancellationToken) => StartAsync(null, cancellationToken);

    public async Task ReviveAsync(CancellationToken cancellationToken)
    {
        if (!HasDied) return;
        await KillAsync(cancellationToken);
        await StartAsync(null, cancellationToken);
    }

    public async Task StrikeAsync(Dice dice, Func<Task> meanwhile, CancellationToken cancellationToken)
    {
        bool isStop = dice.Next(0, 6) == 0;
        if (isStop) await StopAsync(cancellationToken);
        else await KillAsync(cancellationToken);
        await meanwhile();
        await StartAsync(isStop ? null : FaultOf(dice), cancellationToken);
    }

    public Task SettleAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<IReadOnlyList<Finding>> JudgeAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<Finding>>([]);

    public string Describe() => "";

    /// <summary>Returns a point at which a server kills itself; null for none.</summary>
    public static string? FaultOf(Dice dice) => dice.Next(0, 4) switch
    {
        0 => $"server.before_commit:{dice.Next(2, 14)}",
        1 => $"server.after_commit:{dice.Next(1, 14)}",
        2 => $"server.mid_fold:{dice.Next(1, 3)}",
        _ => null,
    };

    public async ValueTask DisposeAsync()
    {
        if (process is not null) await process.DisposeAsync();
    }

    private async Task StartAsync(string? fault, CancellationToken cancellationToken)
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
}
