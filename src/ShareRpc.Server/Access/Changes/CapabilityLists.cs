using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Maintenance;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Changes;

internal sealed class CapabilityLists(
    IShareStore store, AuthorityRegistry registry, AuditBook audit, ProtocolLimits limits, ServerLimits serverLimits,
    TimeProvider time)
{
    public async ValueTask<CapabilityPage> ListCapabilitiesAsync(Authority authority, CapabilityListRequest request)
    {
        authority.Demand(Rights.Revoke);
        int limit = LimitOf(request.After, request.Limit);
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        long? shareKey = await ShareKeyOfAsync(snapshot, authority, request.ShareId);
        IReadOnlyList<RefRow> rows = await snapshot.ReadRefsAsync(new RefScope(shareKey, CreatorKeyOf(authority)),
            request.After, limit);
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var infos = new List<CapabilityInfo>();
        foreach (RefRow row in rows)
        {
            IReadOnlyList<RefRow> chain = await snapshot.ReadChainAsync(row.Key);
            if (chain.Any(ancestor => ancestor.Key == authority.Ref.Key)) infos.Add(
                await ToInfoAsync(snapshot, authority, chain, now));
        }

        authority.DemandCurrent();
        return new CapabilityPage { Capabilities = infos, Next = rows.Count == limit ? rows[^1].Key : null };
    }

    public async ValueTask<ShareList> ListSharesAsync(Authority authority, PageRequest request)
    {
        authority.Demand(Rights.Create);
        int limit = LimitOf(request.After, request.Limit);
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        IReadOnlyList<ShareListRow> rows = await snapshot.ReadSharesAsync(CreatorKeyOf(authority), request.After,
            limit);
        authority.DemandCurrent();
        return new ShareList { Shares = [.. rows.Select(ToInfo)], Next = rows.Count == limit
            ? rows[^1].Share.Key : null };
    }

    public async ValueTask<AuditPage> ListAuditAsync(Authority authority, AuditRequest request)
    {
        authority.Demand(Rights.Revoke);
        int limit = LimitOf(request.After, request.Limit);
        AuditFilter? filter = FilterOf(request);
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        long? shareKey = await ShareKeyOfAsync(snapshot, authority, request.ShareId);
        if (filter is null) return new AuditPage { Entries = [] };
        AuditRows page = await snapshot.ReadAuditAsync(
            new RefScope(shareKey, await ReachInAuditAsync(snapshot, authority, shareKey)), request.After, limit,
            request.NewestFirst == true, filter);
        authority.DemandCurrent();
        return new AuditPage { Entries = page.Entries, Next = page.Next };
    }

    /// <summary>Returns null if nothing can match.</summary>
    private AuditFilter? FilterOf(AuditRequest request)
    {
        bool isValid = (request.CapId is null || RandomId.IsValid(request.CapId))
            && new[] { request.Action, request.Address, request.Code }.All(
                text => text is null or { Length: > 0 and <= 64 })
            && request.SinceMs is null or >= 0 && request.UntilMs is null or >= 0
            && (request.SinceMs ?? 0) <= (request.UntilMs ?? long.MaxValue);
        if (!isValid) throw new ShareRpcException(ErrorCode.InvalidParams);
        ErrorCode? code = ErrorCodes.TryParse(request.Code, out ErrorCode named) ? named : null;
        return request.Code is not null && code is null ? null : new AuditFilter(
            request.CapId, request.Action, request.Address, code, request.SinceMs, request.UntilMs,
            serverLimits.AuditExamined);
    }

    /// <summary>Returns null for an administrator, who sees all.</summary>
    private static long? CreatorKeyOf(Authority authority) =>
        authority.Ref.Rights.HasFlag(Rights.Admin) ? null : authority.Ref.Key;

    /// <summary>Returns null if the caller sees every entry.</summary>
    private static async ValueTask<long?> ReachInAuditAsync(IReadSnapshot snapshot, Authority authority, long? shareKey)
    {
        if (shareKey is null) return CreatorKeyOf(authority);
        bool isGuest = authority.Ref.ShareKey is { } own
            && (await snapshot.FindShareAsync(own))!.OwnerRefKey != authority.Ref.Key;
        return isGuest ? authority.Ref.Key : null;
    }

    /// <summary>Returns the caller's share or the one named in reach; null for all.</summary>
    private static async ValueTask<long?> ShareKeyOfAsync(IReadSnapshot snapshot, Authority authority, string? shareId)
    {
        if (shareId is null) return authority.Ref.ShareKey;
        if (authority.Ref.ShareKey is not null) throw new ShareRpcException(ErrorCode.InvalidParams);
        ShareRow? share = await snapshot.FindShareAsync(shareId);
        bool isInReach = share is not null
            && (await snapshot.ReadChainAsync(share.OwnerRefKey)).Any(row => row.Key == authority.Ref.Key);
        return isInReach ? share!.Key : throw new ShareRpcException(ErrorCode.NotFound);
    }

    private int LimitOf(long after, int? limit)
    {
        if (after < 0 || limit < 1) throw new ShareRpcException(ErrorCode.InvalidParams);
        return Math.Min(limit ?? limits.PageEntries, limits.PageEntries);
    }

    private async ValueTask<CapabilityInfo> ToInfoAsync(IReadSnapshot snapshot, Authority authority,
        IReadOnlyList<RefRow> chain, long nowMs)
    {
        RefRow row = chain[0];
        return new CapabilityInfo
        {
            CapId = row.CapId, ParentCapId = row.Key == authority.Ref.Key || chain.Count == 1 ? null : chain[1].CapId,
            ShareId = row.ShareKey is { } key ? (await snapshot.FindShareAsync(key))?.ShareId
                : null, Rights = row.Rights.ToNames(),
            Caveats = row.Caveats,
            Label = row.Label, Epoch = row.Epoch, State = CapabilityChain.StateOf(chain, nowMs),
            CreatedMs = row.CreatedMs,
            RevokedMs = row.RevokedMs, LastRedeemedMs = audit.LastRedeemedMs(row.Key) ?? row.LastRedeemedMs,
            Uses = row.Caveats.MaxUses is null ? null : row.Uses, Passphrase = row.Passphrase is null ? null : true,
            Grant = row.IsGrant ? true : null, LiveHandles = registry.CountOf(row.Key),
        };
    }

    private ShareInfo ToInfo(ShareListRow row) => new()
    {
        ShareId = row.Share.ShareId, Label = row.Share.Label, State = row.Share.State.ToString().ToLowerInvariant(),
        Cursor = row.Head,
        CreatedMs = row.Share.CreatedMs, LastAppendMs = row.LastAppendMs, OwnerCapId = row.OwnerCapId,
        LiveHandles = registry.CountOnShare(row.Share.Key, row.Share.OwnerRefKey),
    };
}
