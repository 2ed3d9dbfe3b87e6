using Microsoft.Extensions.Logging;

namespace ShareRpc.Client;

/// <summary>No tokens, secrets or payloads in messages.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(101, LogLevel.Debug, "Connected to {Server}")]
    public static partial void Connected(this ILogger log, Uri server);

    [LoggerMessage(102, LogLevel.Debug, "Not connected to {Server}; trying again in {Milliseconds} ms")]
    public static partial void Disconnected(this ILogger log, Uri server, long milliseconds);

    [LoggerMessage(103, LogLevel.Debug, "Share {ShareId} waits {Milliseconds} ms after {Code}")]
    public static partial void Waiting(this ILogger log, string shareId, long milliseconds, string code);

    [LoggerMessage(104, LogLevel.Warning, "Share {ShareId} goes on as a new writer after {Code}")]
    public static partial void NewWriter(this ILogger log, string shareId, string code);

    [LoggerMessage(105, LogLevel.Warning, "Share {ShareId} is closed: {Code}; what was not acknowledged is parked")]
    public static partial void ShareClosed(this ILogger log, string shareId, string code);

    [LoggerMessage(119, LogLevel.Error,
        "Share {ShareId}: the server lost {Ops} ops that it had acknowledged; it was restored from a backup")]
    public static partial void OpsMissing(this ILogger log, string shareId, long ops);

    [LoggerMessage(106, LogLevel.Warning, "A batch of {Ops} ops of share {ShareId} was refused: {Code}")]
    public static partial void BatchRefused(this ILogger log, int ops, string shareId, string code);

    [LoggerMessage(107, LogLevel.Information, "Another process sends from this outbox; this one only stores")]
    public static partial void LeaseElsewhere(this ILogger log);

    [LoggerMessage(108, LogLevel.Error, "The sender failed unexpectedly; it starts again in {Milliseconds} ms")]
    public static partial void SenderFailed(this ILogger log, Exception exception, long milliseconds);

    [LoggerMessage(109, LogLevel.Warning, "The request {Kind} of share {ShareId} failed for good: {Code}")]
    public static partial void IntentFailed(this ILogger log, string kind, string shareId, string code);

    [LoggerMessage(110, LogLevel.Debug, "Reading resumes after cursor {Cursor}, in {Milliseconds} ms")]
    public static partial void ReaderReconnects(this ILogger log, long cursor, long milliseconds);

    [LoggerMessage(111, LogLevel.Warning, "Others can write to {Directory}, and so replace its files: chmod go-w it")]
    public static partial void DirectoryIsOpen(this ILogger log, string directory);

    [LoggerMessage(112, LogLevel.Error,
        "Sending of share {ShareId} failed unexpectedly; it alone starts again in {Milliseconds} ms")]
    public static partial void LaneFailed(this ILogger log, Exception exception, string shareId, long milliseconds);

    [LoggerMessage(113, LogLevel.Warning, "The lease of the outbox could not be given back; it ends by itself")]
    public static partial void LeaseNotReleased(this ILogger log, Exception exception);
}
