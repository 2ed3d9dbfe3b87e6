using ShareRpc.Protocol.Messages;

namespace ShareRpc.Cli.Administration;

/// <summary>Refs as the tree they are.</summary>
internal sealed class Holders(IReadOnlyList<CapabilityInfo> all)
{
    private readonly ILookup<string?, CapabilityInfo> children = all.ToLookup(one => one.ParentCapId);

    public CapabilityInfo? Find(string capId) => all.FirstOrDefault(one => one.CapId == capId);

    /// <summary>Everything derived from a ref, parents before children.</summary>
    public IReadOnlyList<CapabilityInfo> Below(string capId) => [.. Tree(children[capId], 0).Select(entry => entry.Capability)];

    /// <summary>All of them with their depth, each below its parent; those whose parent is not in the list are at the top.</summary>
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
            foreach ((CapabilityInfo Capability, int Depth) below in Tree(children[one.CapId], depth + 1)) yield return below;
        }
    }
}
