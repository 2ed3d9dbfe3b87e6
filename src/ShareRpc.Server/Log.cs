using Microsoft.Extensions.Logging;

namespace ShareRpc.Server;

/// <summary>All log messages. No parameter can hold a token, secret or payload.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(1, LogLevel.Information, "Serving on {Address}, data in {Directory}")]
    public static partial void Serving(this ILogger log, Uri address, string directory);

    [LoggerMessage(2, LogLevel.Information, "Draining: {Waiting} items wait")]
    public static partial void Draining(this ILogger log, int waiting);

    [LoggerMessage(3, LogLevel.Information, "Stopped")]
    public static partial void Stopped(this ILogger log);

    [LoggerMessage(10, LogLevel.Error, "The storage failed; {Items} items were not acknowledged")]
    public static partial void StorageFailed(this ILogger log, Exception exception, int items);

    [LoggerMessage(11, LogLevel.Error, "A commit item failed unexpectedly, among {Items}")]
    public static partial void CommitItemFailed(this ILogger log, Exception exception, int items);

    [LoggerMessage(12, LogLevel.Warning, "A fold could not read the storage; it will be tried again")]
    public static partial void FoldFailed(this ILogger log, Exception exception);

    [LoggerMessage(65, LogLevel.Warning, "The search index could not be written; it will be tried again")]
    public static partial void IndexingFailed(this ILogger log, Exception exception);

    [LoggerMessage(13, LogLevel.Warning, "The log of the database could not be copied; it will be tried again")]
    public static partial void LogMaintenanceFailed(this ILogger log, Exception exception);

    [LoggerMessage(14, LogLevel.Warning, "Erasing a deleted share was interrupted; it will be tried again")]
    public static partial void EraseFailed(this ILogger log, Exception exception);

    [LoggerMessage(15, LogLevel.Warning, "Ending the turns of silent writers was interrupted; it will be tried again")]
    public static partial void SweepFailed(this ILogger log, Exception exception);

    [LoggerMessage(16, LogLevel.Information, "A streaming turn was ended for a writer that fell silent")]
    public static partial void TurnEnded(this ILogger log);

    [LoggerMessage(17, LogLevel.Critical,
        "The database is damaged: stop the server, run sharerpc check, and restore a backup")]
    public static partial void StorageDamaged(this ILogger log);

    [LoggerMessage(18, LogLevel.Error, "The storage failed in {Method} on connection {Connection}")]
    public static partial void ReadFailed(this ILogger log, Exception exception, long connection, string method);

    [LoggerMessage(56, LogLevel.Error,
        "Less than {MiB} MiB are free on the disk: appends wait; reads and revocations go on (--min-free-space)")]
    public static partial void SpaceLow(this ILogger log, long miB);

    [LoggerMessage(57, LogLevel.Information, "There is space on the disk again: appends go on")]
    public static partial void SpaceBack(this ILogger log);

    [LoggerMessage(20, LogLevel.Debug, "Connection {Connection} opened")]
    public static partial void ConnectionOpened(this ILogger log, long connection);

    [LoggerMessage(21, LogLevel.Debug, "Connection {Connection} closed: {Reason}")]
    public static partial void ConnectionClosed(this ILogger log, long connection, string reason);

    [LoggerMessage(22, LogLevel.Error, "A call on connection {Connection} failed unexpectedly in {Method}")]
    public static partial void CallFailed(this ILogger log, Exception exception, long connection, string method);

    [LoggerMessage(23, LogLevel.Warning,
        "Connection {Connection} was closed for a frame that breaks the protocol: {Rule}")]
    public static partial void FrameRefused(this ILogger log, long connection, string rule);

    [LoggerMessage(24, LogLevel.Error, "A request to {Route} failed unexpectedly")]
    public static partial void HttpFailed(this ILogger log, Exception exception, string route);

    [LoggerMessage(25, LogLevel.Warning,
        "A sync to share {ShareId} held {Ignored} items of unknown form, and {Rejected} beyond limits")]
    public static partial void SyncItemsLeftOut(this ILogger log, string shareId, int ignored, int rejected);

    [LoggerMessage(26, LogLevel.Warning,
        "A browser page of {Origin} was refused: this server is reached as {Here}; see --public-url and "
            + "--allow-origin")]
    public static partial void OriginRefused(this ILogger log, string origin, string here);

    [LoggerMessage(30, LogLevel.Information, "Capability {CapId} was revoked")]
    public static partial void Revoked(this ILogger log, string capId);

    [LoggerMessage(31, LogLevel.Error, "Capability {CapId} is denied in memory, but its revocation is not on disk")]
    public static partial void RevocationNotDurable(this ILogger log, string capId);

    [LoggerMessage(33, LogLevel.Error,
        "The background loop {Loop} failed, {InARow} times in a row; it starts again in {Wait}")]
    public static partial void LoopFailed(this ILogger log, Exception exception, string loop, int inARow,
        TimeSpan wait);

    [LoggerMessage(34, LogLevel.Error, "What follows a commit failed for one item or listener; the commit stands")]
    public static partial void AfterCommitFailed(this ILogger log, Exception exception);

    [LoggerMessage(32, LogLevel.Warning,
        "The audit trail of the last minute could not be written; it is kept and tried again")]
    public static partial void AuditNotWritten(this ILogger log, Exception exception);

    [LoggerMessage(46, LogLevel.Information, "The certificate {Path} was renewed; it ends {NotAfter}")]
    public static partial void CertificateRenewed(this ILogger log, string path, DateTime notAfter);

    [LoggerMessage(47, LogLevel.Warning,
        "The new {Path} or its key cannot be used ({Kind}); the earlier certificate stays")]
    public static partial void CertificateUnreadable(this ILogger log, string path, string kind);

    [LoggerMessage(42, LogLevel.Information,
        "Share {ShareId} was deleted: nothing was appended to it for as long as shares are kept")]
    public static partial void ShareExpired(this ILogger log, string shareId);

    [LoggerMessage(41, LogLevel.Warning,
        "The database is older than revoked.log: {Entries} changes of access were applied to it")]
    public static partial void RevokedLogApplied(this ILogger log, int entries);

    [LoggerMessage(40, LogLevel.Warning, "Others can write to {Directory}, and so replace its files: chmod go-w it")]
    public static partial void DirectoryIsOpen(this ILogger log, string directory);

    [LoggerMessage(53, LogLevel.Warning, "Connections are closed unread: too many, or too many of one address")]
    public static partial void SocketRefused(this ILogger log);

    [LoggerMessage(60, LogLevel.Warning,
        "The node cannot reach the database: it serves until its lease ends, and then when it is back")]
    public static partial void NodeCutOff(this ILogger log, Exception exception);

    [LoggerMessage(61, LogLevel.Information, "The node reaches the database again")]
    public static partial void NodeIsBack(this ILogger log);

    [LoggerMessage(62, LogLevel.Warning,
        "The node was away longer than its lease, and registered again with the present state of authority")]
    public static partial void NodeRegisteredAgain(this ILogger log);

    [LoggerMessage(63, LogLevel.Warning, "The node {Node} has not renewed its lease: changes wait for it no more")]
    public static partial void NodeEnded(this ILogger log, string node);

    [LoggerMessage(64, LogLevel.Error,
        "A change of authority is stored, but not confirmed by all nodes; its caller is told to repeat it")]
    public static partial void ChangeNotConfirmed(this ILogger log, Exception exception);

    [LoggerMessage(66, LogLevel.Critical,
        "Another version of sharerpc has migrated the database: this node serves no more, and stops")]
    public static partial void OtherSchema(this ILogger log);

    [LoggerMessage(70, LogLevel.Debug, "The server was not warmed up: its first seconds are slower")]
    public static partial void NotWarm(this ILogger log, Exception exception);
}
