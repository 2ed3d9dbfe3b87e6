using ShareRpc.Cli.Terminal;
using ShareRpc.Protocol.Messages;

namespace ShareRpc.Cli.Administration;

internal sealed class Holders(IReadOnlyList<CapabilityInfo> all)
{
    private readonly ILookup<string?, CapabilityInfo> children = all.ToLookup(one => one.ParentCapId);

    public CapabilityInfo? Find(string capId) => all.FirstOrDefault(one => one.CapId == capId);

    public IReadOnlyList<CapabilityInfo> Below(string capId) =>
        [.. Tree(children[capId], 0).Select(entry => entry.Capability)];

    /// <summary>Returns parents before children; depth 0 if the parent is unlisted.</summary>
    public IEnumerable<(CapabilityInfo Capability, int Depth)> Tree()
    {
        HashSet<string> known = [.. all.Select(one => one.CapId)];
        return Tree(all.Where(one => one.ParentCapId is null || !known.Contains(one.ParentCapId)), 0);
    }

    private IEnumerable<(CapabilityInfo Capability, int Depth)> Tree(IEnumerable<CapabilityInfo> roots, int depth)
    {
        foreach (CapabilityInfo one in roots)
        {
            yield return (one, depth);
            foreach ((CapabilityInfo Capability, int Depth) below in Tree(children[one.CapId], depth + 1))
                yield return below;
        }
    }
}

/// <summary>Refs that end with an agent's access.</summary>
internal sealed class AgentReach
{
    private const int Named = 10;

    public AgentReach(Holders holders, CapabilityInfo agent)
    {
        List<CapabilityInfo> alive =
            [.. holders.Below(agent.CapId).Where(one => one.State is not ("revoked" or "orphaned"))];
        Agents = [.. alive.Where(one => one.ShareId is null)];
        HashSet<string> creators = [agent.CapId, .. Agents.Select(one => one.CapId)];
        Shares = [.. alive.Where(one => one.ShareId is not null && one.ParentCapId is { } parent
            && creators.Contains(parent))];
        Holders = [.. alive.Where(one => one.ShareId is not null).Except(Shares)];
        LiveHandles = agent.LiveHandles + alive.Sum(one => one.LiveHandles);
    }

    public IReadOnlyList<CapabilityInfo> Agents { get; }

    /// <summary>Gets the owner refs of its shares and its agents' shares.</summary>
    public IReadOnlyList<CapabilityInfo> Shares { get; }

    public IReadOnlyList<CapabilityInfo> Holders { get; }

    public int LiveHandles { get; }

    public IEnumerable<string> Lines(bool keepShares)
    {
        yield return keepShares
            ? $"It has {Shares.Count} share(s), which go to root: their {Holders.Count} invitation(s) stay, and the "
                + "machine cannot write any more."
            : $"This ends the access of {Shares.Count} share(s) and of {Holders.Count} invitation(s); {LiveHandles} "
                + "handle(s) are live now.";
        if (Agents.Count > 0) yield return $"{Agents.Count} agent(s) that it created end with it.";
        ILookup<string?, CapabilityInfo> invited = Holders.ToLookup(one => one.ShareId);
        foreach (CapabilityInfo share in Shares.Take(Named))
        {
            yield return $"  {share.ShareId}  {SafeText.Line(share.Label ?? "", 60)}";
            List<CapabilityInfo> guests = [.. invited[share.ShareId]];
            foreach (CapabilityInfo one in guests.Take(Named))
                yield return $"    {one.CapId}  {SafeText.Line(one.Label ?? "", 60)}";
            if (guests.Count > Named) yield return $"    and {guests.Count - Named} more";
        }

        if (Shares.Count > Named) yield return $"  and {Shares.Count - Named} more";
    }
}
