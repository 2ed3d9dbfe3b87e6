namespace ShareRpc.Server;

/// <summary>
/// Is raised once, when the server has finished what was queued at its shutdown: waiting reads end, and connections
/// close when their replies have left.
/// </summary>
internal sealed class DrainSignal : IDisposable
{
    private readonly CancellationTokenSource source = new();

    public DrainSignal() => Token = source.Token;

    public CancellationToken Token { get; }

    public Task RaiseAsync() => source.CancelAsync();

    public void Dispose() => source.Dispose();
}
