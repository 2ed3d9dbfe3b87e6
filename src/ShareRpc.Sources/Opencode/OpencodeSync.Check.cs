namespace ShareRpc.Sources.Opencode;

/// <summary>
/// When somebody else writes to the share as well (the same session synced from another outbox), an old reading of one may have landed
/// after a newer one of the other. Whoever sees that puts the rows again, as they are, until that changes nothing.
/// </summary>
public sealed partial class OpencodeSync
{
    private long checkedAt;

    /// <summary>This writer has changed a share that others change too, and has not looked since whether the rows are what came of it.</summary>
    internal bool NeedsCheck => !IsGone && Writer.Status is { ForeignOps: true, ClosedCode: null } status && status.Applied != checkedAt;

    /// <summary>True when all that was enqueued has its outcome.</summary>
    internal bool IsDrained => Writer.Status is { Pending: 0, InFlight: 0 };

    /// <summary>Puts every row again, and removes what the event log or an earlier reading put and the rows no longer have.</summary>
    internal async Task CheckAsync(OpencodeDatabase database, CancellationToken cancellationToken)
    {
        checkedAt = Writer.Status.Applied;
        using OpencodeView view = database.BeginRead();
        if (view.Session(SessionId) is not { } row) return;
        lastStored = null;
        await FromRowsAsync(new Pass(view, row), null, cancellationToken).ConfigureAwait(false);
    }
}
