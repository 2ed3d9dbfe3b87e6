using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Redeeming;

/// <summary>
/// The ref of a right token and its ancestors, as one read found them. Says nothing about whether they are alive.
/// </summary>
internal sealed record FoundRef(ShareToken Token, IReadOnlyList<RefRow> Chain, ShareRow? Share)
{
    public RefRow Row => Chain[0];
}

/// <summary>What a redemption asks for besides the token.</summary>
/// <param name="OfShare">What the caller can use: a share's ref, or a root or creator ref. The other kind counts no
/// use.</param>
/// <param name="Passphrase">If the ref has one.</param>
/// <param name="Grant">The grant to make, if the ref gives any.</param>
/// <param name="Address">Where it came from, as far as that is known.</param>
internal sealed record RedemptionTerms(
    bool OfShare, string? Passphrase = null, GrantRequest? Grant = null, string? Address = null);

/// <summary>A redeemed ref: its live authority, and its share if it has one.</summary>
internal sealed record Redemption(Authority Authority, ShareRow? Share);

/// <summary>Reads what a caller needs in the same read that finds its authority alive.</summary>
internal interface IAdmissionReader
{
    /// <summary>
    /// Called before the read, maybe more than once: what is committed from now on has to reach the caller.
    /// </summary>
    void Begin(ShareRow share);

    /// <summary>Called inside the read, once; what it throws is the answer.</summary>
    ValueTask ReadAsync(IReadSnapshot snapshot, Authority authority);
}
