using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Storage;

/// <summary>An applied op of which a test says everything; it is appended as a batch of its own.</summary>
internal sealed record OpRow
{
    public required long ShareKey { get; init; }

    public required long Cursor { get; init; }

    public required string OpId { get; init; }

    public required byte[] Digest { get; init; }

    public long? WriterKey { get; init; }

    public long? Seq { get; init; }

    public required string Verb { get; init; }

    public required string Kind { get; init; }

    public required string Key { get; init; }

    public ReadOnlyMemory<byte>? Data { get; init; }

    public required ContentClass Class { get; init; }

    public required ContentClass ClassBefore { get; init; }

    public required long ActorKey { get; init; }

    public required long TimeMs { get; init; }

    public AppliedOp ToApplied() => new(
        new OpIntent
        {
            OpId = OpId, Seq = Seq, Verb = Verb, Kind = Kind, Key = Key,
            Data = Data is { } data ? new RawJson(data) : null,
        },
        Digest, Cursor, ClassBefore, Class);
}

/// <summary>Appends and looks up one op at a time.</summary>
internal static class SingleOps
{
    /// <summary>Returns false, and writes nothing, for an op id that is known as applied.</summary>
    public static async ValueTask<bool> TryInsertOpAsync(this IWriteTransaction transaction, OpRow op)
    {
        if (await transaction.FindOpRecordAsync(op.ShareKey, op.OpId) is { Applied: true }) return false;
        transaction.Append(new AppendedBatch
        {
            ShareKey = op.ShareKey, ActorKey = op.ActorKey, TimeMs = op.TimeMs, WriterKey = op.WriterKey,
            Applied = [op.ToApplied()],
        });
        return true;
    }

    public static async ValueTask<OpRecord?> FindOpRecordAsync(
        this IWriteTransaction transaction, long shareKey, string opId)
    {
        var lookup = new AppendLookup(shareKey, [opId], [], [], 0);
        return (await transaction.ReadForAppendAsync([lookup]))[0].Records.GetValueOrDefault(opId);
    }

    public static void InsertRejection(
        this IWriteTransaction transaction, long shareKey, string opId, byte[] digest, long? writerKey, long? seq,
        ErrorCode? code, long cursor) =>
        transaction.Append(new AppendedBatch
        {
            ShareKey = shareKey, ActorKey = 1, TimeMs = 1, WriterKey = writerKey,
            Unapplied = [new UnappliedOp(opId, digest, seq, code, cursor)],
        });

    /// <summary>Writes one document with its data, or removes it when it has none.</summary>
    public static void WriteDoc(this IWriteTransaction transaction, long shareKey, StoredDoc doc) =>
        transaction.WriteDocs(shareKey,
            [new(doc.Kind, doc.Key, doc.Cursor, doc.Data, doc.Data is null, doc.Size, doc.Class)]);

    public static void SetWatermark(
        this IWriteTransaction transaction, long shareKey, long writerKey, long ackedSeq) =>
        transaction.Append(new AppendedBatch
        {
            ShareKey = shareKey, ActorKey = 1, TimeMs = 1, WriterKey = writerKey, AckedSeq = ackedSeq,
        });
}
