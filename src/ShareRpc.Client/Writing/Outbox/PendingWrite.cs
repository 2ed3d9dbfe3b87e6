namespace ShareRpc.Client.Writing.Outbox;

internal abstract class PendingWrite(CancellationToken cancellationToken)
{
    public Exception? Failure { get; set; }

    public bool IsCancelled => CancellationToken.IsCancellationRequested;

    protected CancellationToken CancellationToken => cancellationToken;

    /// <summary>May run again.</summary>
    public abstract void Run();

    public abstract void End();
}

internal sealed class PendingWrite<T>(Func<T> action, CancellationToken cancellationToken)
    : PendingWrite(cancellationToken)
{
    private readonly TaskCompletionSource<T> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T value = default!;

    public Task<T> Ended => ended.Task;

    public override void Run() => value = action();

    public override void End()
    {
        if (Failure is OperationCanceledException) ended.TrySetCanceled(CancellationToken);
        else if (Failure is { } failure) ended.TrySetException(failure);
        else ended.TrySetResult(value);
    }
}
