using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Changes;

/// <summary>Which refs a caller may change: its own and its descendants. What is out of reach does not exist.</summary>
internal static class CapabilityReach
{
    /// <summary>The ref of that id, never the root: nobody could administer this server afterwards.</summary>
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
