namespace ShareRpc.Client.Writing.Outbox;

/// <summary>A pending write that gives a value.</summary>
internal sealed class PendingWrite<T>(Func<T> action, CancellationToken cancellationToken) : PendingWrite(cancellationToken)
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
