using ShareRpc.Cli.Terminal;
using ShareRpc.Protocol.Messages;

namespace ShareRpc.Cli.Administration;

/// <summary>Refs as the tree they are.</summary>
internal sealed class Holders(IReadOnlyList<CapabilityInfo> all)
{
    private readonly ILookup<string?, CapabilityInfo> children = all.ToLookup(one => one.ParentCapId);

    public CapabilityInfo? Find(string capId) => all.FirstOrDefault(one => one.CapId == capId);

    /// <summary>Returns everything derived from a ref, parents before children.</summary>
    public IReadOnlyList<CapabilityInfo> Below(string capId) =>
        [.. Tree(children[capId], 0).Select(entry => entry.Capability)];

    /// <summary>
    /// Returns all of them with their depth, each below its parent; those whose parent is not in the list are at the
    /// top.
    /// </summary>
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

/// <summary>What hangs on an agent's access, and ends with it.</summary>
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

    /// <summary>Gets the agents that it created.</summary>
    public IReadOnlyList<CapabilityInfo> Agents { get; }

    /// <summary>Gets the owner refs of its shares, and of those of agents below it.</summary>
    public IReadOnlyList<CapabilityInfo> Shares { get; }

    /// <summary>Gets the invitations to these shares.</summary>
    public IReadOnlyList<CapabilityInfo> Holders { get; }

    /// <summary>Gets the number of live handles of all of them.</summary>
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
