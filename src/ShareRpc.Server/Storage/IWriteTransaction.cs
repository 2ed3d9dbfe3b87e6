using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Storage;

/// <summary>
/// The write transaction: everything here is seen by later calls of the same transaction, and by others only after
/// <see cref="CommitAsync"/>. Writes that give no answer return at once: a store behind a network may send them with
/// the next read, or with the commit, and what goes wrong with them is thrown there.
/// </summary>
internal interface IWriteTransaction : IReadSnapshot
{
    /// <summary>Durable when it returns.</summary>
    ValueTask CommitAsync();

    /// <summary>A point inside the transaction to go back to; disposing it without <c>Keep</c> goes back.</summary>
    ISavepoint BeginSavepoint();

    /// <summary>Stores an op; false, and nothing stored, when its op id is known in the share.</summary>
    ValueTask<bool> TryInsertOpAsync(OpRow op);

    /// <summary>
    /// What became of an op id in a share: its op, else its newest duplicate, else its newest rejection. A rejection after a duplicate can
    /// only be <c>op_id_reused</c>, which takes nothing back.
    /// </summary>
    ValueTask<OpRecord?> FindOpRecordAsync(long shareKey, string opId);

    /// <summary>What became of a writer's seqs, in order, from one seq on.</summary>
    ValueTask<IReadOnlyList<OpRecord>> ReadWriterRecordsAsync(long writerKey, long fromSeq, int count);

    /// <summary>Records a seq, or an op id, that got no cursor of its own.</summary>
    void InsertRejection(long shareKey, string opId, byte[] digest, long? writerKey, long? seq, ErrorCode? code, long cursor);

    ValueTask<long> InsertWriterAsync(long shareKey, string writerId, long refKey);

    void SetWatermark(long writerKey, long ackedSeq);

    /// <summary>Stores a share; its owner ref is set with <see cref="SetOwner"/> in the same transaction.</summary>
    ValueTask<long> InsertShareAsync(string shareId, long creatorKey, string? label, long createdMs);

    void SetOwner(long shareKey, long ownerRefKey);

    void SetShareState(long shareKey, ShareState state);

    void SetShareLabel(long shareKey, string label);

    /// <summary>Erases up to <paramref name="rows"/> ops, documents and records of a deleted share; true when nothing is left.</summary>
    ValueTask<bool> EraseShareAsync(long shareKey, int rows);

    ValueTask<long> InsertRefAsync(RefRow row);

    void SetRevoked(long refKey, long epoch, long revokedMs);

    /// <summary>Null: it is in use again.</summary>
    void SetSuspended(long refKey, long? suspendedMs);

    /// <summary>A new secret at another epoch; what it had before stays known as former.</summary>
    void Rotate(RefRow row, long epoch, byte[] verifier, string? passphrase);

    /// <summary>Revokes the grants of a link that have not ended; returns their keys.</summary>
    ValueTask<IReadOnlyList<long>> EndGrantsAsync(long linkKey, long nowMs);

    /// <summary>
    /// Deletes up to so many rows of grants that ended before a time, and of what was derived from them. Their ids stay
    /// taken, and are
    /// still told where ops and audit entries name them. True when nothing is left.
    /// </summary>
    ValueTask<bool> DeleteGrantsAsync(long endedBeforeMs, int rows);

    /// <summary>Stores parent, caveats and suspension of an owner ref; its own token is dead.</summary>
    void Adopt(RefRow row);

    /// <summary>One more redemption by token.</summary>
    void CountUse(long refKey, long nowMs);

    /// <summary>Applied ops and bytes of a day, added to those counted before; days before it are forgotten.</summary>
    void AddQuota(long refKey, long day, long ops, long bytes);

    void WriteDoc(long shareKey, StoredDoc doc);

    void SetFolded(long shareKey, long folded);

    /// <summary>
    /// Drops the data, and nothing else, of the ops from one cursor to another that are not the last of their document; the largest cursor
    /// it did that to, 0 for none.
    /// </summary>
    ValueTask<long> DropDataAsync(long shareKey, long from, long to);

    /// <summary>How far compaction has looked, and the largest cursor whose data is gone.</summary>
    void SetCompacted(long shareKey, long scanned, long compacted);

    /// <summary>
    /// A turn is streaming, as of a cursor and its writer, or <see cref="OpenTurnRow.NoWriter"/>; null: it is not any more.
    /// </summary>
    void SetOpenTurn(long shareKey, string key, long cursor, long? writerKey);

    /// <summary>Writes something that changes nothing, so that the commit shows whether the medium takes writes.</summary>
    void Probe();

    void InsertAudit(AuditRow row);

    void SetLastRedeemed(long refKey, long ms);

    /// <summary>Records that an HTTP profile made this share for an agent's session.</summary>
    void InsertSessionShare(SessionShareRow row);

    /// <summary>Records that this ref was made with the share of a session.</summary>
    void InsertSessionRef(long shareKey, long refKey);

    void InsertOpenCreator(long refKey);
}

internal interface ISavepoint : IDisposable
{
    /// <summary>Keeps what was written since; without it, disposing takes that back.</summary>
    void Keep();
}
