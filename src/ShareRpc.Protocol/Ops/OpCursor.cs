namespace ShareRpc.Protocol.Ops;

/// <summary>
/// Where an op stands in the log. Cursor 0: the document had its value already and never had an op (nothing to point at).
/// </summary>
public sealed record OpCursor(string OpId, long Cursor);
