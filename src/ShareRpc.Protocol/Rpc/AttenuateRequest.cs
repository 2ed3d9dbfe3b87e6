namespace ShareRpc.Protocol.Rpc;

/// <summary>
/// Parameters of <c>attenuate</c>. The caller chooses id and secret, so that the call can be queued offline and repeated blindly.
/// </summary>
public sealed record AttenuateRequest
{
    /// <summary>A fresh random id.</summary>
    public required string CapId { get; init; }

    /// <summary>See <c>ShareToken.Digest</c>; the secret itself is never sent.</summary>
    public required string TokenDigest { get; init; }

    /// <summary>Of the passphrase that redeeming shall ask for; see <c>Passphrase.DigestOf</c>.</summary>
    public string? PassphraseDigest { get; init; }

    /// <summary>On a root handle: the share whose owner ref shall be the parent; without it the caller is.</summary>
    public string? ShareId { get; init; }

    /// <summary>See <see cref="Rights"/>; each must be among the parent's.</summary>
    public required IReadOnlyList<string> Rights { get; init; }

    /// <summary>Joined with the parent's: none can be lifted.</summary>
    public Caveats? Caveats { get; init; }

    /// <summary>What people call it, at most 200 characters; not a secret.</summary>
    public string? Label { get; init; }
}
