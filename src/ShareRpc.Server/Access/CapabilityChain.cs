using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access;

internal static class CapabilityChain
{
    public const string Active = "active";
    public const string Revoked = "revoked";
    public const string Orphaned = "orphaned";
    public const string Retired = "retired";
    public const string Expired = "expired";
    public const string Suspended = "suspended";
    public const string UsedUp = "used_up";

    /// <summary>Throws if the ref or an ancestor is revoked, of another epoch, expired or suspended.</summary>
    public static void Check(IReadOnlyList<RefRow> chain, long nowMs)
    {
        switch (StateOf(chain, nowMs))
        {
            case Active or UsedUp: return; // uses are counted where a token is redeemed
            case Expired: throw Refusal(chain[0], ErrorCode.CapabilityExpired);
            case Suspended: throw new ShareRpcException(ErrorCode.CapabilitySuspended);
            default: throw Refusal(chain[0], ErrorCode.CapabilityRevoked);
        }
    }

    public static ShareRpcException Refusal(RefRow row, ErrorCode code)
    {
        bool isGrantsEnd = row.IsGrant && code is (ErrorCode.CapabilityRevoked or ErrorCode.CapabilityExpired);
        return new ShareRpcException(code) { Action = isGrantsEnd ? ErrorAction.Redeem : ErrorCodes.ActionOf(code) };
    }

    /// <summary>
    /// Returns whether a ref comments by its grants only, so that authors differ; an owner ref comments itself.
    /// </summary>
    public static bool CommentsByGrant(IReadOnlyList<RefRow> chain) =>
        chain is [{ IsGrant: false }, { ShareKey: not null }, ..] && chain[0].Rights.HasFlag(Rights.Comment);

    public static bool IsUsedUp(IReadOnlyList<RefRow> chain) =>
        !chain[0].IsGrant && chain.Any(row => row.Uses >= row.Caveats.MaxUses);

    public static string StateOf(IReadOnlyList<RefRow> chain, long nowMs)
    {
        if (chain[0].RevokedMs is not null) return Revoked;
        for (int i = 1; i < chain.Count; i++)
        {
            if (chain[i].RevokedMs is not null || chain[i].Epoch != chain[i - 1].ParentEpoch) return Orphaned;
        }

        if (chain[0].RetiredMs is not null) return Retired;
        if (chain.Any(row => IsExpired(row, nowMs))) return Expired;
        if (chain.Any(row => row.SuspendedMs is not null)) return Suspended;
        return IsUsedUp(chain) ? UsedUp : Active;
    }

    private static bool IsExpired(RefRow row, long nowMs) =>
        row.Caveats.ExpiresAtMs <= nowMs || (row.UsedMs is null && row.Caveats.UnusedExpiresAtMs <= nowMs);
}
