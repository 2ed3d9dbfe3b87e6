using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Append;

/// <summary>
/// Compares what a batch puts with <c>if_changed</c> with the documents as they are inside the transaction (SPEC
/// [APPLY-15]), by digests: that of an op was taken before it was queued, that of a document is known from the op that
/// put it. Other documents are looked at up to a number of bytes; beyond it they count as changed.
/// </summary>
internal sealed class ValueComparison(CommitScope scope, LogShare share, DocumentMeasures folded)
{
    private const long MostBytes = 64 * 1024;
    private readonly IWriteTransaction transaction = scope.Transaction;
    private long left = MostBytes;

    /// <summary>Returns the cursor of the document if its value is the op's.</summary>
    public async ValueTask<long?> FindSameAsync(PreparedOp prepared)
    {
        OpIntent op = prepared.Op;
        (long cursor, long size) = await MeasureAsync(op);
        if (cursor == 0) return null;
        if (!scope.Shares.Values.TryFind(share.Key, op.Kind, op.Key, cursor, out byte[]? digest))
        {
            bool isSameSize = size == op.Data!.Value.Utf8.Length;
            if (size > left && !isSameSize) return null;
            StoredDoc? current = await CurrentDocument.FindAsync(transaction, share, op.Kind, op.Key);
            if (current?.Data is not { } value) return null;
            if (value.Utf8.Span.SequenceEqual(op.Data!.Value.Utf8.Span)) digest = prepared.Value;
            else if (size > left) return null;
            else digest = JsonDigest.Of(value);
            left -= size;
            scope.Shares.Values.Set(share.Key, op.Kind, op.Key, cursor, digest);
        }

        return digest is not null && digest.AsSpan().SequenceEqual(prepared.Value) ? cursor : null;
    }

    /// <summary>Returns cursor 0 for a document that is not there.</summary>
    private async ValueTask<(long Cursor, long Size)> MeasureAsync(OpIntent op)
    {
        if (share.LastOf(op.Kind, op.Key) is not { } last)
        {
            DocumentMeasure measure = await folded.OfAsync(op.Kind, op.Key);
            return (measure.Cursor, measure.Size);
        }

        return last.Verb == Verbs.Remove
            ? default : (last.Cursor, await share.SizeOfAsync(folded, op.Kind, op.Key));
    }
}
