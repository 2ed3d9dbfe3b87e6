using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Capabilities;

/// <summary>The ref that a request asks for, checked and narrowed by its parent.</summary>
internal static class RefRequest
{
    private const int MaxLabelLength = 200;

    public static void CheckIds(string capId, string tokenDigest, string? label)
    {
        bool isLabel = label is null || (label.Length <= MaxLabelLength && !label.Any(char.IsControl));
        if (!RandomId.IsValid(capId) || !ShareToken.IsDigest(tokenDigest) || !isLabel) throw new ShareRpcException(ErrorCode.InvalidParams);
    }

    /// <summary>The child row of an <c>attenuate</c>: rights and caveats can only shrink (I6).</summary>
    public static RefRow ChildOf(RefRow parent, AttenuateRequest request, byte[] tag, string verifier, long nowMs, ProtocolLimits limits)
    {
        if (!RightsNames.TryParse(request.Rights, out Rights rights)) throw new ShareRpcException(ErrorCode.InvalidParams);
        if ((rights & ~parent.Rights) != 0 || parent.Depth + 1 > limits.ChainDepth) throw new ShareRpcException(ErrorCode.Forbidden);
        long? expires = Earlier(parent.Caveats.ExpiresAtMs, request.Caveats?.ExpiresAtMs);
        return new RefRow
        {
            CapId = request.CapId, ShareKey = parent.ShareKey, ParentKey = parent.Key, ParentEpoch = parent.Epoch, Depth = parent.Depth + 1,
            Rights = rights, Caveats = new Caveats { ExpiresAtMs = expires }, Label = request.Label, Tag = tag, Verifier = verifier,
            CreatedMs = nowMs,
        };
    }

    /// <summary>Whether a stored ref is exactly what a repeated request asks for.</summary>
    public static bool IsSame(RefRow stored, RefRow asked) =>
        stored.ParentKey == asked.ParentKey && stored.ShareKey == asked.ShareKey && stored.Rights == asked.Rights
            && stored.Caveats == asked.Caveats
        && stored.Label == asked.Label && stored.Tag.AsSpan().SequenceEqual(asked.Tag);

    private static long? Earlier(long? left, long? right) =>
        left is null ? right : right is null ? left : Math.Min(left.Value, right.Value);
}
