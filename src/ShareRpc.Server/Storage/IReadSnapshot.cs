using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Storage;

/// <summary>For one thread at a time.</summary>
internal interface IReadSnapshot : IAsyncDisposable
{
    ValueTask<ShareRow?> FindShareAsync(string shareId);

    ValueTask<ShareRow?> FindShareAsync(long shareKey);

    ValueTask<RefRow?> FindRefAsync(string capId);

    ValueTask<RefRow?> FindRefAsync(long refKey);

    /// <summary>Returns the ref and its parents, root last.</summary>
    ValueTask<IReadOnlyList<RefRow>> ReadChainAsync(long refKey);

    ValueTask<WriterRow?> FindWriterAsync(long shareKey, string writerId);

    /// <summary>Returns 0 for an empty log.</summary>
    ValueTask<long> ReadHeadAsync(long shareKey);

    /// <summary>Returns when the newest op that is no comment was appended; 0 if there is none.</summary>
    ValueTask<long> ReadAppendedMsAsync(long shareKey);

    /// <summary>Returns at least one op if any, whatever its size.</summary>
    ValueTask<IReadOnlyList<LoggedOp>> ReadOpsAsync(long shareKey, long after, int limit, int maxBytes);

    ValueTask<(string Verb, ReadOnlyMemory<byte>? Data, long? WriterKey)> ReadOpContentAsync(long shareKey,
        long cursor);

    ValueTask<IReadOnlyList<TailOp>> ReadTailAsync(long shareKey, long after, int limit);

    ValueTask<StoredDoc?> FindDocAsync(long shareKey, string kind, string key);

    ValueTask<DocumentMeasure> ReadDocMeasureAsync(long shareKey, string kind, string key);

    /// <summary>Newest first.</summary>
    ValueTask<IReadOnlyList<byte[]>> ReadFormerVerifiersAsync(long refKey, int limit);

    /// <summary>Counts active grants of the link's epoch, up to a maximum.</summary>
    ValueTask<int> CountGrantsAsync(RefRow link, long nowMs, int most);

    /// <summary>Returns whether <see cref="IWriteTransaction.DeleteGrantsAsync"/> has anything to delete.</summary>
    ValueTask<bool> HasEndedGrantsAsync(long endedBeforeMs);

    /// <summary>Returns true for a deleted grant's reserved id.</summary>
    ValueTask<bool> IsRefGoneAsync(string capId);

    /// <summary>Days count from 1970 UTC.</summary>
    ValueTask<DayUse> ReadQuotaAsync(long refKey, long day);

    /// <summary>Returns the time at which a restore suspended all refs but the root; 0 without one.</summary>
    ValueTask<long> ReadRestoreSuspensionAsync() => new(0L);

    ValueTask<IReadOnlyList<RefRow>> ReadOwnersBelowAsync(long refKey);

    ValueTask<IReadOnlyList<StoredDoc>> ReadDocsAsync(long shareKey, string? kind, DocKey? after, int limit,
        int maxBytes);

    /// <summary>Returns the keys of the folded documents of a kind.</summary>
    ValueTask<IReadOnlyList<string>> ReadDocKeysAsync(long shareKey, string kind, int limit);

    ValueTask<IReadOnlyList<ShareListRow>> ReadSharesAsync(long? creatorKey, long after, int limit);

    /// <summary>Returns shares of a creator before one, newest first.</summary>
    ValueTask<IReadOnlyList<ShareRow>> ReadNewestSharesAsync(long creatorKey, long before, int limit);

    ValueTask<IReadOnlyList<RefRow>> ReadRefsAsync(RefScope scope, long after, int limit);

    /// <summary>
    /// After a position, or before it with newestFirst (0: all). Scope: all; a share; a creator's actions and shares; a
    /// share's entries on a ref or descendants. A page may hold fewer entries than the limit and have a next one.
    /// </summary>
    ValueTask<AuditRows> ReadAuditAsync(RefScope scope, long after, int limit, bool newestFirst = false,
        AuditFilter? filter = null);

    /// <summary>Returns a seal for the entries that have none, up to so many; null for none.</summary>
    ValueTask<AuditSeal?> SealAuditAsync(int entries);

    ValueTask<AuditSeal?> FindOldestSealAsync();

    /// <summary>Returns only turns with a writer.</summary>
    ValueTask<IReadOnlyList<OpenTurnRow>> ReadOpenTurnsAsync(long afterShare, string afterKey, int limit);

    /// <summary>Includes turns without a writer.</summary>
    ValueTask<IReadOnlyList<string>> ReadOpenTurnKeysAsync(long shareKey, int limit);

    /// <summary>Returns the first share after one that is deleted and not erased; null for none.</summary>
    ValueTask<long?> FindUnerasedShareAsync(long after = 0);

    /// <summary>Returns the newest match.</summary>
    ValueTask<SessionShareRow?> FindSessionShareAsync(long creatorKey, string sessionId);

    ValueTask<SessionShareRow?> FindSessionShareAsync(long shareKey);

    /// <summary>Owner first; empty for other shares.</summary>
    ValueTask<IReadOnlyList<RefRow>> ReadSessionRefsAsync(long shareKey);

    /// <summary>Returns the newest.</summary>
    ValueTask<RefRow?> FindOpenCreatorAsync();
}
