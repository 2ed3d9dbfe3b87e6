namespace ShareRpc.Server.Storage;

/// <summary>What an op weighs on the wire besides its data, for counting pages: an upper bound for ordinary ids, not a limit.</summary>
internal static class OpEnvelope
{
    public const int Bytes = 320;
}
