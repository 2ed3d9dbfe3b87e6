using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Access;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Cluster;

/// <summary>Applies to live authorities what the database says. Repeating it changes nothing.</summary>
internal sealed class AppliedChanges(AuthorityRegistry registry)
{
    public void Apply(IReadOnlyList<AuthorityChange> changes)
    {
        foreach (AuthorityChange change in changes)
        {
            switch (change.Kind)
            {
                case "revoked":
                    Deny(change.RefKey, ErrorCode.CapabilityRevoked);
                    break;
                case "deleted":
                    Deny(change.RefKey, ErrorCode.ShareDeleted);
                    break;
                case "suspended":
                    registry.Deny(change.RefKey, ErrorCode.CapabilitySuspended);
                    registry.SettleSuspension(change.RefKey);
                    break;
                case "rotated":
                    registry.DenyOlder(change.RefKey, change.Epoch);
                    break;
                case "adopted":
                    registry.Adopt(change.RefKey);
                    break;
            }
        }
    }

    /// <summary>Compares all live authorities with the refs, after changes may have been missed.</summary>
    public async Task ReloadAsync(NodeTable table, CancellationToken cancellationToken)
    {
        foreach ((RefState state, bool isShareDeleted) in
            await table.ReadRefsAsync(registry.Keys(), cancellationToken).ConfigureAwait(false))
        {
            if (isShareDeleted) Deny(state.Key, ErrorCode.ShareDeleted);
            registry.Apply([state]);
        }
    }

    private void Deny(long refKey, ErrorCode code)
    {
        registry.Deny(refKey, code);
        registry.Settle(refKey); // the row denies whoever redeems from now on
    }
}
