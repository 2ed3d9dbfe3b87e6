namespace ShareRpc.EndToEndTests.Harness;

/// <summary>A reader over all its lives.</summary>
internal sealed class ReaderSlot(string name, string share, string world) : IAsyncDisposable
{
    private Tool? process;

    public string Share => share;

    public IReadOnlyList<SeenOp> Seen => ReaderWorker.Read(Journal);

    /// <summary>Why it ended, when it did so by itself.</summary>
    public string? Failure =>
        process is { HasExited: true } ? $"reader {name} ended with {process.ExitCode}: {process.Errors}" : null;

    private string Journal => Path.Combine(world, $"{name}.journal");

    public void Start() => process = HarnessProgram.Start(
        fault: null, "reader", "--link-file", Path.Combine(world, $"{share}.read"), "--journal", Journal);

    public async Task KillAsync(CancellationToken cancellationToken)
    {
        process!.Kill();
        await process.WaitForExitAsync(cancellationToken);
        await process.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null) await process.DisposeAsync();
    }
}
