using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redaction;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Opencode;

/// <summary>
/// Keeps the mark <c>undone</c> of a share's messages and parts as its session's <c>revert</c> says, by an op for each
/// document: opencode sends only the session when a user takes something back.
/// </summary>
internal sealed class SyncReverts(
    IShareStore store, CommitQueue queue, ServerOptions options, Authority authority, string sessionId, SyncRetry retry)
{
    private readonly long shareKey = authority.Ref.ShareKey!.Value;
    private SessionRevert? before;
    private SessionRevert? now;
    private bool isRead;
    private bool isLooking;

    /// <summary>Returns the op with its document marked as the session says so far.</summary>
    public async ValueTask<OpIntent> MarkAsync(OpIntent op)
    {
        if (op.Kind is not (Kinds.Session or Kinds.Message or Kinds.Part)) return op;
        if (!isRead) before = now = await ReadAsync().ConfigureAwait(false);
        isRead = true;
        if (op.Kind == Kinds.Session && op.Key == sessionId) now = SessionRevert.Of(op.Data!.Value);
        isLooking |= now is not null || before is not null || op.Kind != Kinds.Session;
        return op with { Data = SessionRevert.MarkIn(op.Kind, op.Data!.Value, now) };
    }

    /// <summary>
    /// Marks the other documents of a session that changed, after the ops are durable; also what another sync changed
    /// meanwhile. Each batch fails when something else was appended since its documents were read: then again.
    /// </summary>
    /// <param name="append">Appends a batch and returns its answer.</param>
    public async Task FollowAsync(Func<OpBatch, Task<Ack>> append)
    {
        if (!isLooking) return;
        SessionRevert? stored = await ReadAsync().ConfigureAwait(false);
        if (stored == before && stored == now) return;
        foreach (string kind in new[] { Kinds.Message, Kinds.Part })
        {
            DocKey? after = null;
            do
            {
                retry.ThrowIfAborted();
                StatePage page = await ReadPageAsync(kind, after).ConfigureAwait(false);
                if (await TryMarkAsync(page, stored, append).ConfigureAwait(false)) after = page.NextKey;
                else if (await ReadAsync().ConfigureAwait(false) != stored) return; // that sync follows its own change
                else continue;
                if (after is null) break;
            }
            while (true);
        }
    }

    /// <summary>Returns false if the page is not what the share holds any more.</summary>
    private static async ValueTask<bool> TryMarkAsync(
        StatePage page, SessionRevert? revert, Func<OpBatch, Task<Ack>> append)
    {
        List<OpIntent> ops = [];
        foreach (Document doc in page.Docs)
        {
            RawJson marked = SessionRevert.MarkIn(doc.Kind, doc.Data, revert);
            if (marked.Utf8.Span.SequenceEqual(doc.Data.Utf8.Span)) continue;
            ops.Add(new OpIntent
            {
                OpId = OpId.New(), Verb = Verbs.Put, Kind = doc.Kind, Key = doc.Key, Data = marked, IfChanged = true,
            });
        }

        if (ops.Count == 0) return true;
        try
        {
            var batch = new OpBatch { BatchId = OpId.New(), Ops = ops, ExpectedCursor = page.Cursor };
            await append(batch).ConfigureAwait(false);
            return true;
        }
        catch (ShareRpcException error) when (error.Code == ErrorCode.CursorMismatch)
        {
            return false;
        }
    }

    private async ValueTask<StatePage> ReadPageAsync(string kind, DocKey? after)
    {
        await using IReadSnapshot snapshot = await store.BeginReadAsync().ConfigureAwait(false);
        var reader = new StateReader(snapshot, shareKey, options.Limits, ReadProfile.Everything);
        var request = new GetStateRequest { Kinds = [kind], AfterKey = after, Limit = options.Limits.BatchOps };
        return await reader.ReadAsync(request).ConfigureAwait(false);
    }

    private async Task<SessionRevert?> ReadAsync()
    {
        RawJson? session = await retry.RunAsync(() =>
        {
            var work = new CommitWork<RawJson?>(async scope =>
            {
                authority.Demand(Rights.Append);
                LogShare share = await scope.Shares.GetAsync(scope.Transaction, shareKey);
                return (await CurrentDocument.FindAsync(scope.Transaction, share, Kinds.Session, sessionId))?.Data;
            });
            queue.Enqueue(work);
            return work.Completion;
        }).ConfigureAwait(false);
        return session is { } document ? SessionRevert.Of(document) : null;
    }
}
