namespace ShareRpc.Client.Writing.Outbox;

/// <summary>An op that was parked: it will not be sent again unless somebody retries it.</summary>
/// <param name="OpId">Its id, which a retry keeps.</param>
/// <param name="Kind">The kind of its document.</param>
/// <param name="Key">The key of its document.</param>
/// <param name="Code">The stable string of the error.</param>
/// <param name="Message">One sentence for people.</param>
/// <param name="OutcomeUnknown">It was sent before access ended, and whether it was applied is not known.</param>
public sealed record FailedOp(string OpId, string Kind, string Key, string Code, string Message, bool OutcomeUnknown);
