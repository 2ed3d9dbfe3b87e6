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
