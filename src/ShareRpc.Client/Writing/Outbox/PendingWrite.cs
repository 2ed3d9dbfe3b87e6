namespace ShareRpc.Client.Writing.Outbox;

/// <summary>What a caller wants done in the next transaction, which it may share with others.</summary>
internal abstract class PendingWrite(CancellationToken cancellationToken)
{
    /// <summary>Why its part of a transaction was undone; null when it was not.</summary>
    public Exception? Failure { get; set; }

    /// <summary>True when the caller gave up before it was begun.</summary>
    public bool IsCancelled => CancellationToken.IsCancellationRequested;

    protected CancellationToken CancellationToken => cancellationToken;

    /// <summary>Does it, inside a transaction; may be done again when that was undone.</summary>
    public abstract void Run();

    /// <summary>Tells the caller how it ended.</summary>
    public abstract void End();
}

/// <summary>A pending write that gives a value.</summary>
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
