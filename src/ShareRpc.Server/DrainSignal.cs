namespace ShareRpc.Server;

/// <summary>
/// Raised once, when a shutdown has finished queued work: waiting reads end, connections close after their replies.
/// </summary>
internal sealed class DrainSignal : IDisposable
{
    private readonly CancellationTokenSource source = new();

    public DrainSignal() => Token = source.Token;

    public CancellationToken Token { get; }

    public Task RaiseAsync() => source.CancelAsync();

    public void Dispose() => source.Dispose();
}
