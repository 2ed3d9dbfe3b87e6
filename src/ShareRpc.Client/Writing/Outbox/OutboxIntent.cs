namespace ShareRpc.Client.Writing.Outbox;

/// <summary>Something asked of the server besides ops: its kind, the ref that asks, and the request's JSON, which holds no token.</summary>
internal sealed record OutboxIntent(long Id, long ShareKey, string Kind, string ByCapId, string Request)
{
    public const string CreateShare = "create_share";
    public const string Attenuate = "attenuate";
    public const string Revoke = "revoke";
}
