namespace ShareRpc.Protocol.Ops;

/// <summary>A permanent no to one op: recorded, consumes its seq, answered alike for ever.</summary>
/// <param name="OpId">The op.</param>
/// <param name="Code">The stable string of the error code.</param>
/// <param name="Message">One sentence for people.</param>
public sealed record Rejection(string OpId, string Code, string Message);
