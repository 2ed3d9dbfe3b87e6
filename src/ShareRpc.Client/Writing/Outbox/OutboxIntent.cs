namespace ShareRpc.Client.Writing.Outbox;

/// <summary>A stored <see cref="WriterRequest"/>. The JSON holds no token.</summary>
internal sealed record OutboxIntent(long Id, long ShareKey, string Kind, string ByCapId, string Request);
