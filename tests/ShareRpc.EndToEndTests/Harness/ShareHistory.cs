using System.Security.Cryptography;
using System.Text;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.EndToEndTests.Harness;

/// <summary>
/// All that is known about one share at the end of a run: what was meant, what the log holds, what readers saw.
/// </summary>
/// <param name="Log">Every op, as read from the first cursor.</param>
/// <param name="State">Every document, as the server gives it.</param>
/// <param name="Writers">What each writer had planned, and how its outboxes ended.</param>
/// <param name="Readers">What each reader saw, in its order, over all its lives.</param>
internal sealed record ShareHistory(
    IReadOnlyList<LoggedOp> Log, IReadOnlyList<Document> State, IReadOnlyList<WriterHistory> Writers,
    IReadOnlyList<IReadOnlyList<SeenOp>> Readers);

/// <summary>A plan, and the outboxes that carried it: two when one was copied.</summary>
internal sealed record WriterHistory(string Name, IReadOnlyList<PlannedStep> Plan, IReadOnlyList<OutboxEnd> Outboxes);

/// <summary>
/// How an outbox ended: every row that was enqueued has left it, by an ack that named it or as failed.
/// </summary>
internal sealed record OutboxEnd(long Enqueued, long Applied, long Duplicates,
    IReadOnlyDictionary<string, string> Failed);

/// <summary>An op as a reader noted it.</summary>
internal sealed record SeenOp(long Cursor, string OpId, string Content)
{
    public static SeenOp Of(LoggedOp op) =>
        new(op.Cursor, op.OpId, ContentOf(op.Verb, op.Kind, op.Key, op.Data?.ToString()));

    /// <summary>A short text that differs when the op does.</summary>
    public static string ContentOf(string verb, string kind, string key, string? data) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{verb}\n{kind}\n{key}\n{data}")).AsSpan(0, 8));
}
