namespace ShareRpc.Server.Storage;

/// <summary>
/// Others see writes after <see cref="CommitAsync"/>. Void writes may be sent, and fail, with the next read or the
/// commit.
/// </summary>
internal interface IWriteTransaction : IReadSnapshot
{
    /// <summary>Gets the shares that this transaction changes, of a store that others write, too.</summary>
    IReadOnlyCollection<long> ChangedShares => [];

    /// <summary>
    /// Has shares locked, and compared with refs, before anything else of this transaction: the read or commit that
    /// does it throws <see cref="StaleStateException"/> if anything differs. For a store that others write, too.
    /// </summary>
    void Expect(IReadOnlyList<ShareVersion> shares, IReadOnlyList<RefLink> refs)
    {
    }

    /// <summary>
    /// Locks shares and then reads them and refs as they are. Null from a store that has one writer.
    /// </summary>
    ValueTask<Proof?> LockAsync(IReadOnlyList<long> shares, IReadOnlyList<long> refs) => default;

    /// <summary>Reads a ref and its parents, of which those whose uses count stay as they are until the end.</summary>
    ValueTask<IReadOnlyList<RefRow>> LockChainAsync(long refKey) => ReadChainAsync(refKey);

    /// <summary>Returns once durable: whether anything had to be written.</summary>
    ValueTask<bool> CommitAsync();

    /// <summary>
    /// Answers what the rules must know of the batches of a group, in the same order, in one round trip for all of
    /// them. It sees what the transaction wrote before. A store that others write to, too, holds the shares from here
    /// to the end of the transaction, locked in the order of their keys, so that the answers stay true until then.
    /// </summary>
    ValueTask<IReadOnlyList<AppendFacts>> ReadForAppendAsync(IReadOnlyList<AppendLookup> lookups);

    /// <summary>
    /// Writes what the rules made of a batch: ops, records of what was not applied, the writer's watermark, and its
    /// streaming turns. The caller saw to it that its op ids are new and its cursors follow the head; an op id that is
    /// known all the same is an error of the caller, which fails the transaction. Later reads of the transaction see
    /// the batch, though it may be sent to the storage as late as with the commit.
    /// </summary>
    void Append(AppendedBatch batch);

    /// <summary>Returns what became of a writer's seqs, in their order.</summary>
    ValueTask<IReadOnlyList<OpRecord>> ReadWriterRecordsAsync(long writerKey, long fromSeq, int count);

    ValueTask<long> InsertWriterAsync(long shareKey, string writerId, long refKey);

    /// <summary>Needs <see cref="SetOwner"/> in the same transaction.</summary>
    ValueTask<long> InsertShareAsync(string shareId, long creatorKey, string? label, long createdMs);

    void SetOwner(long shareKey, long ownerRefKey);

    void SetShareState(long shareKey, ShareState state);

    void SetShareKept(long shareKey, long keptMs);

    void SetShareLabel(long shareKey, string label);

    /// <summary>
    /// Erases up to <paramref name="rows"/> ops, documents or records of a deleted share, fewer once they have
    /// <paramref name="bytes"/>, and at last its label and its owner ref's; true when nothing is left.
    /// </summary>
    ValueTask<bool> EraseShareAsync(long shareKey, int rows, long bytes);

    /// <summary>Ends the search for what is left of a deleted share.</summary>
    void SetErased(long shareKey);

    ValueTask<long> InsertRefAsync(RefRow row);

    void SetRevoked(long refKey, long epoch, long revokedMs);

    /// <summary>Null resumes it.</summary>
    void SetSuspended(long refKey, long? suspendedMs);

    /// <summary>Keeps the former verifier.</summary>
    void Rotate(RefRow row, long epoch, byte[] verifier, string? passphrase);

    /// <summary>Returns the keys of the ended grants.</summary>
    ValueTask<IReadOnlyList<long>> EndGrantsAsync(long linkKey, long nowMs);

    /// <summary>
    /// Deletes some ended grants with descendants; ids stay reserved, and readable in ops and audit. True when none is
    /// left.
    /// </summary>
    ValueTask<bool> DeleteGrantsAsync(long endedBeforeMs, int rows);

    /// <summary>Stores parent, caveats and suspension of an owner ref; retires its own token.</summary>
    void Adopt(RefRow row);

    void CountUse(long refKey, long nowMs);

    /// <summary>Deletes earlier days, unless it is <see cref="ShareRoom.Total"/>.</summary>
    void AddQuota(long refKey, long day, DayUse more);

    /// <summary>
    /// Writes documents as a fold leaves them, each once, in the order of kind and key. A pointer costs no copy of the
    /// data: reads of the document take it from the op at its cursor, which keeps its data as long.
    /// </summary>
    void WriteDocs(long shareKey, IReadOnlyList<FoldedDoc> docs);

    void SetFolded(long shareKey, long folded);

    /// <summary>Keeps each document's last op. Returns the largest cursor affected, 0 for none.</summary>
    ValueTask<long> DropDataAsync(long shareKey, long from, long to);

    void SetCompacted(long shareKey, long scanned, long compacted);

    /// <summary>The writer may be <see cref="OpenTurnRow.NoWriter"/>; null removes the record.</summary>
    void SetOpenTurn(long shareKey, string key, long cursor, long? writerKey);

    /// <summary>Tests at commit whether storage accepts writes.</summary>
    void Probe();

    void InsertAudit(AuditRow row);

    void InsertSeal(AuditSeal seal);

    /// <summary>Removes the entries of the oldest segment; the chain goes on from its digest.</summary>
    void RemoveSegment(AuditSeal oldest);

    void SetLastRedeemed(long refKey, long ms);

    void InsertSessionShare(SessionShareRow row);

    void InsertSessionRef(long shareKey, long refKey);

    void InsertOpenCreator(long refKey);
}
