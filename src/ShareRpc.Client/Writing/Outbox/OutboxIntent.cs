namespace ShareRpc.Client.Writing.Outbox;

/// <summary>The JSON holds no token.</summary>
internal sealed record OutboxIntent(long Id, long ShareKey, string Kind, string ByCapId, string Request)
{
    public const string CreateShare = "create_share";
    public const string Attenuate = "attenuate";
    public const string Revoke = "revoke";
}
