namespace ShareRpc.Protocol.Rpc;

/// <summary>Parameters of <c>rotateCapability</c>. Safe to repeat with the same digest.</summary>
public sealed record RotateCapabilityRequest
{
    public required string CapId { get; init; }

    /// <summary>Of the new token, which has the same cap id.</summary>
    public required string TokenDigest { get; init; }

    /// <summary>Of the passphrase under the new token; required exactly when the ref has a passphrase.</summary>
    public string? PassphraseDigest { get; init; }
}
