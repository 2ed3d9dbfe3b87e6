using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Fakes;

/// <summary>A write transaction whose commit somebody else decides on; all else is the inner one's.</summary>
internal sealed class FaultyTransaction(IWriteTransaction inner, Action<IWriteTransaction> commit) : IWriteTransaction
{
    public void Commit() => commit(inner);

    public void Dispose() => inner.Dispose();

    public ISavepoint BeginSavepoint() => inner.BeginSavepoint();

    public bool TryInsertOp(OpRow op) => inner.TryInsertOp(op);

    public OpRecord? FindOpRecord(long shareKey, string opId) => inner.FindOpRecord(shareKey, opId);

    public IReadOnlyList<OpRecord> ReadWriterRecords(long writerKey, long fromSeq, int count) =>
        inner.ReadWriterRecords(writerKey, fromSeq, count);

    public void InsertRejection(long shareKey, string opId, byte[] digest, long? writerKey, long? seq, ErrorCode? code, long cursor) =>
        inner.InsertRejection(shareKey, opId, digest, writerKey, seq, code, cursor);

    public (string Verb, ReadOnlyMemory<byte>? Data, long? WriterKey) ReadOpContent(long shareKey, long cursor) =>
        inner.ReadOpContent(shareKey, cursor);

    public long InsertWriter(long shareKey, string writerId, long refKey) => inner.InsertWriter(shareKey, writerId, refKey);

    public void SetWatermark(long writerKey, long ackedSeq) => inner.SetWatermark(writerKey, ackedSeq);

    public long InsertShare(string shareId, long creatorKey, string? label, long createdMs) =>
        inner.InsertShare(shareId, creatorKey, label, createdMs);

    public void SetOwner(long shareKey, long ownerRefKey) => inner.SetOwner(shareKey, ownerRefKey);

    public long DropData(long shareKey, long from, long to) => inner.DropData(shareKey, from, to);

    public void SetCompacted(long shareKey, long scanned, long compacted) => inner.SetCompacted(shareKey, scanned, compacted);

    public void SetOpenTurn(long shareKey, string key, long cursor, long? writerKey) =>
        inner.SetOpenTurn(shareKey, key, cursor, writerKey);

    public IReadOnlyList<OpenTurnRow> ReadOpenTurns(long afterShare, string afterKey, int limit) =>
        inner.ReadOpenTurns(afterShare, afterKey, limit);

    public void SetShareState(long shareKey, ShareState state) => inner.SetShareState(shareKey, state);

    public bool EraseShare(long shareKey, int rows) => inner.EraseShare(shareKey, rows);

    public long InsertRef(RefRow row) => inner.InsertRef(row);

    public void SetRevoked(long refKey, long epoch, long revokedMs) => inner.SetRevoked(refKey, epoch, revokedMs);

    public void WriteDoc(long shareKey, StoredDoc doc) => inner.WriteDoc(shareKey, doc);

    public void Probe() => inner.Probe();

    public void SetFolded(long shareKey, long folded) => inner.SetFolded(shareKey, folded);

    public void InsertAudit(AuditRow row) => inner.InsertAudit(row);

    public ShareRow? FindShare(string shareId) => inner.FindShare(shareId);

    public ShareRow? FindShare(long shareKey) => inner.FindShare(shareKey);

    public RefRow? FindRef(string capId) => inner.FindRef(capId);

    public RefRow? FindRef(long refKey) => inner.FindRef(refKey);

    public IReadOnlyList<RefRow> ReadChain(long refKey) => inner.ReadChain(refKey);

    public WriterRow? FindWriter(long shareKey, string writerId) => inner.FindWriter(shareKey, writerId);

    public long ReadHead(long shareKey) => inner.ReadHead(shareKey);

    public IReadOnlyList<LoggedOp> ReadOps(long shareKey, long after, int limit, int maxBytes) =>
        inner.ReadOps(shareKey, after, limit, maxBytes);

    public IReadOnlyList<TailOp> ReadTail(long shareKey, long after, int limit) => inner.ReadTail(shareKey, after, limit);

    public StoredDoc? FindDoc(long shareKey, string kind, string key) => inner.FindDoc(shareKey, kind, key);

    public DocumentMeasure ReadDocMeasure(long shareKey, string kind, string key) => inner.ReadDocMeasure(shareKey, kind, key);

    public IReadOnlyList<byte[]> ReadFormerVerifiers(long refKey, int limit) =>
        inner.ReadFormerVerifiers(refKey, limit);

    public int CountGrants(RefRow link, long nowMs, int most) => inner.CountGrants(link, nowMs, most);

    public bool IsRefGone(string capId) => inner.IsRefGone(capId);

    public (long Ops, long Bytes) ReadQuota(long refKey, long day) => inner.ReadQuota(refKey, day);

    public IReadOnlyList<RefRow> ReadOwnersBelow(long refKey) => inner.ReadOwnersBelow(refKey);

    public void SetSuspended(long refKey, long? suspendedMs) => inner.SetSuspended(refKey, suspendedMs);

    public void Rotate(RefRow row, long epoch, byte[] verifier, string? passphrase) =>
        inner.Rotate(row, epoch, verifier, passphrase);

    public IReadOnlyList<long> EndGrants(long linkKey, long nowMs) => inner.EndGrants(linkKey, nowMs);

    public bool DeleteGrants(long endedBeforeMs, int rows) => inner.DeleteGrants(endedBeforeMs, rows);

    public void Adopt(long refKey, RefRow parent, long retiredMs) => inner.Adopt(refKey, parent, retiredMs);

    public void SetLastRedeemed(long refKey, long ms) => inner.SetLastRedeemed(refKey, ms);

    public void CountUse(long refKey, long nowMs) => inner.CountUse(refKey, nowMs);

    public void AddQuota(long refKey, long day, long ops, long bytes) => inner.AddQuota(refKey, day, ops, bytes);

    public IReadOnlyList<StoredDoc> ReadDocs(long shareKey, string? kind, DocKey? after, int limit, int maxBytes) =>
        inner.ReadDocs(shareKey, kind, after, limit, maxBytes);

    public IReadOnlyList<ShareListRow> ReadShares(long? creatorKey, long after, int limit) => inner.ReadShares(creatorKey, after, limit);

    public IReadOnlyList<RefRow> ReadRefs(RefScope scope, long after, int limit) => inner.ReadRefs(scope, after, limit);

    public IReadOnlyList<AuditEntry> ReadAudit(RefScope scope, long after, int limit, bool newestFirst = false) =>
        inner.ReadAudit(scope, after, limit, newestFirst);

    public long? FindUnerasedShare() => inner.FindUnerasedShare();

    public SessionShareRow? FindSessionShare(long creatorKey, string sessionId) => inner.FindSessionShare(creatorKey, sessionId);

    public SessionShareRow? FindSessionShare(long shareKey) => inner.FindSessionShare(shareKey);

    public IReadOnlyList<RefRow> ReadSessionRefs(long shareKey) => inner.ReadSessionRefs(shareKey);

    public RefRow? FindOpenCreator() => inner.FindOpenCreator();

    public void InsertSessionShare(SessionShareRow row) => inner.InsertSessionShare(row);

    public void InsertSessionRef(long shareKey, long refKey) => inner.InsertSessionRef(shareKey, refKey);

    public void InsertOpenCreator(long refKey) => inner.InsertOpenCreator(refKey);
}
