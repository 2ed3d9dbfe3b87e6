using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Capabilities;

/// <summary>What the rows of a ref and its ancestors say about it.</summary>
internal static class CapabilityChain
{
    public const string Active = "active";
    public const string Revoked = "revoked";
    public const string Expired = "expired";
    public const string Orphaned = "orphaned";

    /// <summary>Throws when the ref, or any ancestor, is revoked, of another epoch or expired.</summary>
    public static void Check(IReadOnlyList<RefRow> chain, long nowMs)
    {
        switch (StateOf(chain, nowMs))
        {
            case Active: return;
            case Expired: throw new ShareRpcException(ErrorCode.CapabilityExpired);
            default: throw new ShareRpcException(ErrorCode.CapabilityRevoked);
        }
    }

    /// <summary>One of the four words; <c>orphaned</c> when an ancestor, not the ref itself, is dead.</summary>
    public static string StateOf(IReadOnlyList<RefRow> chain, long nowMs)
    {
        if (chain[0].RevokedMs is not null) return Revoked;
        for (int i = 1; i < chain.Count; i++)
        {
            if (chain[i].RevokedMs is not null || chain[i].Epoch != chain[i - 1].ParentEpoch) return Orphaned;
        }

        return chain.Any(row => row.Caveats.ExpiresAtMs <= nowMs) ? Expired : Active;
    }
}
