using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Storage;

/// <summary>Reads of one consistent moment. Used by one thread at a time; lists are bounded by what the caller asks for.</summary>
internal interface IReadSnapshot : IAsyncDisposable
{
    ValueTask<ShareRow?> FindShareAsync(string shareId);

    ValueTask<ShareRow?> FindShareAsync(long shareKey);

    ValueTask<RefRow?> FindRefAsync(string capId);

    ValueTask<RefRow?> FindRefAsync(long refKey);

    /// <summary>The ref itself, then its parents up to the root.</summary>
    ValueTask<IReadOnlyList<RefRow>> ReadChainAsync(long refKey);

    ValueTask<WriterRow?> FindWriterAsync(long shareKey, string writerId);

    /// <summary>The largest cursor, 0 for an empty log.</summary>
    ValueTask<long> ReadHeadAsync(long shareKey);

    /// <summary>Ops after a cursor, in order; at least one if there is one, however large.</summary>
    ValueTask<IReadOnlyList<LoggedOp>> ReadOpsAsync(long shareKey, long after, int limit, int maxBytes);

    /// <summary>The op at a cursor: verb, data and writer.</summary>
    ValueTask<(string Verb, ReadOnlyMemory<byte>? Data, long? WriterKey)> ReadOpContentAsync(long shareKey,
        long cursor);

    /// <summary>Which documents the ops after a cursor touch, in order of cursor.</summary>
    ValueTask<IReadOnlyList<TailOp>> ReadTailAsync(long shareKey, long after, int limit);

    ValueTask<StoredDoc?> FindDocAsync(long shareKey, string kind, string key);

    /// <summary>What is kept beside a checkpointed document; nothing when there is none.</summary>
    ValueTask<DocumentMeasure> ReadDocMeasureAsync(long shareKey, string kind, string key);

    /// <summary>Returns the verifiers that a ref had before its rotations, newest first.</summary>
    ValueTask<IReadOnlyList<byte[]>> ReadFormerVerifiersAsync(long refKey, int limit);

    /// <summary>Counts the grants of a link, in its epoch, that have not ended; at most so many.</summary>
    ValueTask<int> CountGrantsAsync(RefRow link, long nowMs, int most);

    /// <summary>True for the id of a ref whose row went with its grant: it stays taken.</summary>
    ValueTask<bool> IsRefGoneAsync(string capId);

    /// <summary>What a ref with a quota has used on a day since 1970 UTC.</summary>
    ValueTask<(long Ops, long Bytes)> ReadQuotaAsync(long refKey, long day);

    /// <summary>The owner refs of shares that descend from a ref.</summary>
    ValueTask<IReadOnlyList<RefRow>> ReadOwnersBelowAsync(long refKey);

    /// <summary>Checkpointed documents after a key, in order of kind and key; only of one kind when given.</summary>
    ValueTask<IReadOnlyList<StoredDoc>> ReadDocsAsync(long shareKey, string? kind, DocKey? after, int limit,
        int maxBytes);

    /// <summary>Shares with a larger key; only those of one creator when given.</summary>
    ValueTask<IReadOnlyList<ShareListRow>> ReadSharesAsync(long? creatorKey, long after, int limit);

    /// <summary>Refs with a larger key: all, those of one share, or a ref with its descendants.</summary>
    ValueTask<IReadOnlyList<RefRow>> ReadRefsAsync(RefScope scope, long after, int limit);

    /// <summary>
    /// Audit entries with a larger position, or from the newest on with smaller ones (0: all): of everything, of one share, of what a
    /// creator did and its shares, or of one share what concerns a ref or its descendants.
    /// </summary>
    ValueTask<IReadOnlyList<AuditEntry>> ReadAuditAsync(RefScope scope, long after, int limit,
        bool newestFirst = false);

    /// <summary>Streaming turns that have a writer, after a share and key, in this order.</summary>
    ValueTask<IReadOnlyList<OpenTurnRow>> ReadOpenTurnsAsync(long afterShare, string afterKey, int limit);

    /// <summary>Returns keys of the streaming turns of a share, those without a writer too.</summary>
    ValueTask<IReadOnlyList<string>> ReadOpenTurnKeysAsync(long shareKey, int limit);

    /// <summary>A deleted share whose ops are not all erased yet; null when there is none.</summary>
    ValueTask<long?> FindUnerasedShareAsync();

    /// <summary>Returns the newest share that an HTTP profile made for an agent's session on behalf of a creator.</summary>
    ValueTask<SessionShareRow?> FindSessionShareAsync(long creatorKey, string sessionId);

    /// <summary>Returns null for a share that was not made for a session.</summary>
    ValueTask<SessionShareRow?> FindSessionShareAsync(long shareKey);

    /// <summary>Returns the refs that were made with a session's share, its owner ref first; none for other shares.</summary>
    ValueTask<IReadOnlyList<RefRow>> ReadSessionRefsAsync(long shareKey);

    /// <summary>The newest creator ref that stands behind open creation.</summary>
    ValueTask<RefRow?> FindOpenCreatorAsync();
}
