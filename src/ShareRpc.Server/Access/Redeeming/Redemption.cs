using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Redeeming;

/// <summary>One read's result, not checked for being alive.</summary>
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

internal sealed record Redemption(Authority Authority, ShareRow? Share);

internal interface IAdmissionReader
{
    /// <summary>Called before the read, maybe repeatedly: later commits must reach the caller.</summary>
    void Begin(ShareRow share);

    /// <summary>Reads within the same snapshot, once; exceptions become the reply.</summary>
    ValueTask ReadAsync(IReadSnapshot snapshot, Authority authority);
}
