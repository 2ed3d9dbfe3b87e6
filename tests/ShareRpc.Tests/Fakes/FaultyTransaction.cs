using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Fakes;

/// <summary>A write transaction whose commit somebody else decides on; all else is the inner one's.</summary>
internal sealed class FaultyTransaction(
    IWriteTransaction inner, Func<IWriteTransaction, ValueTask<bool>> commit, Action<string> look,
    Action<long> onErase) : IWriteTransaction
{
    public IReadOnlyCollection<long> ChangedShares => inner.ChangedShares;

    public void Expect(IReadOnlyList<ShareVersion> shares, IReadOnlyList<RefLink> refs) => inner.Expect(shares, refs);

    public ValueTask<Proof?> LockAsync(IReadOnlyList<long> shares, IReadOnlyList<long> refs) =>
        inner.LockAsync(shares, refs);

    public ValueTask<bool> CommitAsync() => commit(inner);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    public ValueTask<IReadOnlyList<AppendFacts>> ReadForAppendAsync(IReadOnlyList<AppendLookup> lookups)
    {
        foreach (string id in lookups.SelectMany(lookup => lookup.OpIds)) look("op record");
        return inner.ReadForAppendAsync(lookups);
    }

    public void Append(AppendedBatch batch) => inner.Append(batch);

    public ValueTask<IReadOnlyList<OpRecord>> ReadWriterRecordsAsync(long writerKey, long fromSeq, int count) =>
        inner.ReadWriterRecordsAsync(writerKey, fromSeq, count);

    public ValueTask<(string Verb, ReadOnlyMemory<byte>? Data, long? WriterKey)> ReadOpContentAsync(long shareKey,
        long cursor)
    {
        look("content");
        return inner.ReadOpContentAsync(shareKey, cursor);
    }

    public ValueTask<long> InsertWriterAsync(long shareKey, string writerId, long refKey) =>
        inner.InsertWriterAsync(shareKey, writerId, refKey);

    public ValueTask<long> InsertShareAsync(string shareId, long creatorKey, string? label, long createdMs) =>
        inner.InsertShareAsync(shareId, creatorKey, label, createdMs);

    public void SetOwner(long shareKey, long ownerRefKey) => inner.SetOwner(shareKey, ownerRefKey);

    public ValueTask<long> DropDataAsync(long shareKey, long from, long to) => inner.DropDataAsync(shareKey, from, to);

    public void SetCompacted(long shareKey, long scanned, long compacted) =>
        inner.SetCompacted(shareKey, scanned, compacted);

    public void SetOpenTurn(long shareKey, string key, long cursor, long? writerKey) =>
        inner.SetOpenTurn(shareKey, key, cursor, writerKey);

    public ValueTask<IReadOnlyList<OpenTurnRow>> ReadOpenTurnsAsync(long afterShare, string afterKey, int limit) =>
        inner.ReadOpenTurnsAsync(afterShare, afterKey, limit);

    public ValueTask<IReadOnlyList<string>> ReadDocKeysAsync(long shareKey, string kind, int limit) =>
        inner.ReadDocKeysAsync(shareKey, kind, limit);

    public ValueTask<IReadOnlyList<string>> ReadOpenTurnKeysAsync(long shareKey, int limit) =>
        inner.ReadOpenTurnKeysAsync(shareKey, limit);

    public void SetShareState(long shareKey, ShareState state) => inner.SetShareState(shareKey, state);

    public void SetShareKept(long shareKey, long keptMs) => inner.SetShareKept(shareKey, keptMs);

    public void SetShareLabel(long shareKey, string label) => inner.SetShareLabel(shareKey, label);

    public ValueTask<bool> EraseShareAsync(long shareKey, int rows, long bytes)
    {
        onErase(shareKey);
        return inner.EraseShareAsync(shareKey, rows, bytes);
    }

    public void SetErased(long shareKey) => inner.SetErased(shareKey);

    public ValueTask<long> InsertRefAsync(RefRow row) => inner.InsertRefAsync(row);

    public void SetRevoked(long refKey, long epoch, long revokedMs) => inner.SetRevoked(refKey, epoch, revokedMs);

    public void WriteDocs(long shareKey, IReadOnlyList<FoldedDoc> docs) => inner.WriteDocs(shareKey, docs);

    public void Probe() => inner.Probe();

    public void SetFolded(long shareKey, long folded) => inner.SetFolded(shareKey, folded);

    public void InsertAudit(AuditRow row) => inner.InsertAudit(row);

    public void InsertSeal(AuditSeal seal) => inner.InsertSeal(seal);

    public void RemoveSegment(AuditSeal oldest) => inner.RemoveSegment(oldest);

    public ValueTask<AuditSeal?> SealAuditAsync(int entries) => inner.SealAuditAsync(entries);

    public ValueTask<AuditSeal?> FindOldestSealAsync() => inner.FindOldestSealAsync();

    public ValueTask<ShareRow?> FindShareAsync(string shareId) => inner.FindShareAsync(shareId);

    public ValueTask<ShareRow?> FindShareAsync(long shareKey) => inner.FindShareAsync(shareKey);

    public ValueTask<RefRow?> FindRefAsync(string capId) => inner.FindRefAsync(capId);

    public ValueTask<RefRow?> FindRefAsync(long refKey) => inner.FindRefAsync(refKey);

    public ValueTask<IReadOnlyList<RefRow>> ReadChainAsync(long refKey) => inner.ReadChainAsync(refKey);

    public ValueTask<IReadOnlyList<RefRow>> LockChainAsync(long refKey) => inner.LockChainAsync(refKey);

    public ValueTask<WriterRow?> FindWriterAsync(long shareKey, string writerId) =>
        inner.FindWriterAsync(shareKey, writerId);

    public ValueTask<long> ReadHeadAsync(long shareKey) => inner.ReadHeadAsync(shareKey);

    public ValueTask<long> ReadAppendedMsAsync(long shareKey) => inner.ReadAppendedMsAsync(shareKey);

    public ValueTask<IReadOnlyList<LoggedOp>> ReadOpsAsync(long shareKey, long after, int limit, int maxBytes) =>
        inner.ReadOpsAsync(shareKey, after, limit, maxBytes);

    public ValueTask<IReadOnlyList<TailOp>> ReadTailAsync(long shareKey, long after, int limit) =>
        inner.ReadTailAsync(shareKey, after, limit);

    public ValueTask<StoredDoc?> FindDocAsync(long shareKey, string kind, string key)
    {
        look("content");
        return inner.FindDocAsync(shareKey, kind, key);
    }

    public ValueTask<DocumentMeasure> ReadDocMeasureAsync(long shareKey, string kind, string key) =>
        inner.ReadDocMeasureAsync(shareKey, kind, key);

    public ValueTask<IReadOnlyList<byte[]>> ReadFormerVerifiersAsync(long refKey, int limit) =>
        inner.ReadFormerVerifiersAsync(refKey, limit);

    public ValueTask<int> CountGrantsAsync(RefRow link, long nowMs, int most) =>
        inner.CountGrantsAsync(link, nowMs, most);

    public ValueTask<bool> IsRefGoneAsync(string capId) => inner.IsRefGoneAsync(capId);

    public ValueTask<bool> HasEndedGrantsAsync(long endedBeforeMs) => inner.HasEndedGrantsAsync(endedBeforeMs);

    public ValueTask<DayUse> ReadQuotaAsync(long refKey, long day) => inner.ReadQuotaAsync(refKey, day);

    public ValueTask<long> ReadRestoreSuspensionAsync() => inner.ReadRestoreSuspensionAsync();

    public ValueTask<IReadOnlyList<RefRow>> ReadOwnersBelowAsync(long refKey) => inner.ReadOwnersBelowAsync(refKey);

    public void SetSuspended(long refKey, long? suspendedMs) => inner.SetSuspended(refKey, suspendedMs);

    public void Rotate(RefRow row, long epoch, byte[] verifier, string? passphrase) =>
        inner.Rotate(row, epoch, verifier, passphrase);

    public ValueTask<IReadOnlyList<long>> EndGrantsAsync(long linkKey, long nowMs) =>
        inner.EndGrantsAsync(linkKey, nowMs);

    public ValueTask<bool> DeleteGrantsAsync(long endedBeforeMs, int rows) =>
        inner.DeleteGrantsAsync(endedBeforeMs, rows);

    public void Adopt(RefRow row) => inner.Adopt(row);

    public void SetLastRedeemed(long refKey, long ms) => inner.SetLastRedeemed(refKey, ms);

    public void CountUse(long refKey, long nowMs) => inner.CountUse(refKey, nowMs);

    public void AddQuota(long refKey, long day, DayUse more) => inner.AddQuota(refKey, day, more);

    public ValueTask<IReadOnlyList<StoredDoc>> ReadDocsAsync(long shareKey, string? kind, DocKey? after, int limit,
        int maxBytes) =>
        inner.ReadDocsAsync(shareKey, kind, after, limit, maxBytes);

    public ValueTask<IReadOnlyList<ShareListRow>> ReadSharesAsync(long? creatorKey, long after, int limit) =>
        inner.ReadSharesAsync(creatorKey, after, limit);

    public ValueTask<IReadOnlyList<ShareRow>> ReadNewestSharesAsync(long creatorKey, long before, int limit) =>
        inner.ReadNewestSharesAsync(creatorKey, before, limit);

    public ValueTask<IReadOnlyList<RefRow>> ReadRefsAsync(RefScope scope, long after, int limit) =>
        inner.ReadRefsAsync(scope, after, limit);

    public ValueTask<AuditRows> ReadAuditAsync(RefScope scope, long after, int limit, bool newestFirst = false,
        AuditFilter? filter = null) =>
        inner.ReadAuditAsync(scope, after, limit, newestFirst, filter);

    public ValueTask<long?> FindUnerasedShareAsync(long after = 0) => inner.FindUnerasedShareAsync(after);

    public ValueTask<SessionShareRow?> FindSessionShareAsync(long creatorKey, string sessionId) =>
        inner.FindSessionShareAsync(creatorKey, sessionId);

    public ValueTask<SessionShareRow?> FindSessionShareAsync(long shareKey) => inner.FindSessionShareAsync(shareKey);

    public ValueTask<IReadOnlyList<RefRow>> ReadSessionRefsAsync(long shareKey) => inner.ReadSessionRefsAsync(shareKey);

    public ValueTask<RefRow?> FindOpenCreatorAsync() => inner.FindOpenCreatorAsync();

    public void InsertSessionShare(SessionShareRow row) => inner.InsertSessionShare(row);

    public void InsertSessionRef(long shareKey, long refKey) => inner.InsertSessionRef(shareKey, refKey);

    public void InsertOpenCreator(long refKey) => inner.InsertOpenCreator(refKey);
}
