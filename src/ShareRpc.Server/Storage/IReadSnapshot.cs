using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Storage;

/// <summary>Reads of one consistent moment. Used by one thread at a time; lists are bounded by what the caller asks for.</summary>
internal interface IReadSnapshot : IDisposable
{
    ShareRow? FindShare(string shareId);

    ShareRow? FindShare(long shareKey);

    RefRow? FindRef(string capId);

    RefRow? FindRef(long refKey);

    /// <summary>The ref itself, then its parents up to the root.</summary>
    IReadOnlyList<RefRow> ReadChain(long refKey);

    WriterRow? FindWriter(long shareKey, string writerId);

    /// <summary>The largest cursor, 0 for an empty log.</summary>
    long ReadHead(long shareKey);

    /// <summary>Ops after a cursor, in order; at least one if there is one, however large.</summary>
    IReadOnlyList<LoggedOp> ReadOps(long shareKey, long after, int limit, int maxBytes);

    /// <summary>The op at a cursor: verb, data and writer.</summary>
    (string Verb, ReadOnlyMemory<byte>? Data, long? WriterKey) ReadOpContent(long shareKey, long cursor);

    /// <summary>Which documents the ops after a cursor touch, in order of cursor.</summary>
    IReadOnlyList<TailOp> ReadTail(long shareKey, long after, int limit);

    StoredDoc? FindDoc(long shareKey, string kind, string key);

    /// <summary>What is kept beside a checkpointed document; nothing when there is none.</summary>
    DocumentMeasure ReadDocMeasure(long shareKey, string kind, string key);

    /// <summary>Returns the verifiers that a ref had before its rotations, newest first.</summary>
    IReadOnlyList<byte[]> ReadFormerVerifiers(long refKey, int limit);

    /// <summary>Counts the grants of a link, in its epoch, that have not ended; at most so many.</summary>
    int CountGrants(RefRow link, long nowMs, int most);

    /// <summary>True for the id of a ref whose row went with its grant: it stays taken.</summary>
    bool IsRefGone(string capId);

    /// <summary>What a ref with a quota has used on a day since 1970 UTC.</summary>
    (long Ops, long Bytes) ReadQuota(long refKey, long day);

    /// <summary>The owner refs of shares that descend from a ref.</summary>
    IReadOnlyList<RefRow> ReadOwnersBelow(long refKey);

    /// <summary>Checkpointed documents after a key, in order of kind and key; only of one kind when given.</summary>
    IReadOnlyList<StoredDoc> ReadDocs(long shareKey, string? kind, DocKey? after, int limit, int maxBytes);

    /// <summary>Shares with a larger key; only those of one creator when given.</summary>
    IReadOnlyList<ShareListRow> ReadShares(long? creatorKey, long after, int limit);

    /// <summary>Refs with a larger key: all, those of one share, or a ref with its descendants.</summary>
    IReadOnlyList<RefRow> ReadRefs(RefScope scope, long after, int limit);

    /// <summary>
    /// Audit entries with a larger position, or from the newest on with smaller ones (0: all): of everything, of one share, of what a
    /// creator did and its shares, or of one share what concerns a ref or its descendants.
    /// </summary>
    IReadOnlyList<AuditEntry> ReadAudit(RefScope scope, long after, int limit, bool newestFirst = false);

    /// <summary>Streaming turns after a share and key, in this order.</summary>
    IReadOnlyList<OpenTurnRow> ReadOpenTurns(long afterShare, string afterKey, int limit);

    /// <summary>A deleted share whose ops are not all erased yet; null when there is none.</summary>
    long? FindUnerasedShare();

    /// <summary>Returns the newest share that an HTTP profile made for an agent's session on behalf of a creator.</summary>
    SessionShareRow? FindSessionShare(long creatorKey, string sessionId);

    /// <summary>Returns null for a share that was not made for a session.</summary>
    SessionShareRow? FindSessionShare(long shareKey);

    /// <summary>Returns the refs that were made with a session's share, its owner ref first; none for other shares.</summary>
    IReadOnlyList<RefRow> ReadSessionRefs(long shareKey);

    /// <summary>The newest creator ref that stands behind open creation.</summary>
    RefRow? FindOpenCreator();
}
