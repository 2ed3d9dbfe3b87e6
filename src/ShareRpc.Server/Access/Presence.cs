using ShareRpc.Protocol.Messages;

namespace ShareRpc.Server.Access;

/// <summary>
/// Who has a share open on this node, of those with the right <c>presence</c> (SPEC [PRESENCE-1]). Nothing is stored.
/// Any thread.
/// </summary>
internal sealed class Presence(ServerLimits limits)
{
    private readonly Lock gate = new();
    private readonly Dictionary<long, HashSet<Authority>> byShare = [];

    /// <summary>Shows a handle's holder until <see cref="Remove"/>; does nothing without the right.</summary>
    public void Add(Authority authority)
    {
        if (!authority.Ref.Rights.HasFlag(Rights.Presence)) return;
        lock (gate)
        {
            long share = authority.Ref.ShareKey!.Value;
            if (!byShare.TryGetValue(share, out HashSet<Authority>? here)) byShare.Add(share, here = []);
            here.Add(authority);
        }
    }

    public void Remove(Authority authority)
    {
        lock (gate)
        {
            long share = authority.Ref.ShareKey!.Value;
            if (byShare.TryGetValue(share, out HashSet<Authority>? here) && here.Remove(authority) && here.Count == 0)
                byShare.Remove(share);
        }
    }

    public PresenceList List(Authority reader)
    {
        reader.Demand(Rights.Presence);
        Authority[] here;
        lock (gate) here = [.. byShare.GetValueOrDefault(reader.Ref.ShareKey!.Value) ?? []];
        List<PresentHolder> holders =
        [
            .. here.Where(authority => authority.IsAlive).GroupBy(authority => authority.AuthorId)
                .OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => new PresentHolder
                {
                    Id = group.Key, Label = group.First().IsOwner ? null : group.First().Label,
                    Owner = group.First().IsOwner ? true : null, Handles = group.Count(),
                }),
        ];
        int more = holders.Count - limits.PresentShown;
        return new PresenceList { Present = [.. holders.Take(limits.PresentShown)], More = more > 0 ? more : null };
    }
}
