using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Changes;

/// <summary>Finds the refs that a caller may change: its own and descendants. Others count as unknown.</summary>
internal static class CapabilityReach
{
    /// <summary>Never returns the root: without it the server cannot be administered.</summary>
    public static async ValueTask<RefRow> FindAsync(IShareStore store, Authority authority, string? capId)
    {
        if (!RandomId.IsValid(capId)) throw new ShareRpcException(ErrorCode.InvalidParams);
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        RefRow? target = await snapshot.FindRefAsync(capId);
        bool isInReach = target is not null
            && (await snapshot.ReadChainAsync(target.Key)).Any(row => row.Key == authority.Ref.Key);
        if (!isInReach) throw new ShareRpcException(ErrorCode.NotFound);
        return target!.ParentKey is null ? throw new ShareRpcException(ErrorCode.Forbidden) : target;
    }
}
