namespace ShareRpc.Client.Reading;

/// <summary>
/// Where a source is, stored in the same transaction as the ops it had read by then, so that the two can never
/// disagree.
/// </summary>
/// <param name="Name">The source's own name for it, one per share and source.</param>
/// <param name="Value">Opaque to the outbox.</param>
public sealed record Bookmark(string Name, string Value);
