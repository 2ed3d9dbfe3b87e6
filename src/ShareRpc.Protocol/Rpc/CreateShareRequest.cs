namespace ShareRpc.Protocol.Rpc;

/// <summary>
/// Parameters of <c>createShare</c>. The caller chooses ids and secret, so that the call can be queued offline and repeated blindly.
/// </summary>
public sealed record CreateShareRequest
{
    /// <summary>A fresh random id.</summary>
    public required string ShareId { get; init; }

    /// <summary>A fresh random id: that of the owner ref.</summary>
    public required string CapId { get; init; }

    /// <summary>Of the owner ref's token; see <c>ShareToken.Digest</c>.</summary>
    public required string TokenDigest { get; init; }

    /// <summary>What people call the share, at most 200 characters.</summary>
    public string? Label { get; init; }
}
