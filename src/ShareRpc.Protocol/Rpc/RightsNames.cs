namespace ShareRpc.Protocol.Rpc;

/// <summary>Rights as the wire's strings, and the usual sets.</summary>
public static class RightsNames
{
    private static readonly (Rights Right, string Name)[] Names =
    [
        (Rights.Admin, "admin"), (Rights.Create, "create"), (Rights.Read, "read"), (Rights.Append, "append"),
        (Rights.Attenuate, "attenuate"), (Rights.Revoke, "revoke"),
    ];

    /// <summary>What <c>createShare</c> gives its owner ref.</summary>
    public const Rights Owner = Rights.Read | Rights.Append | Rights.Attenuate | Rights.Revoke;

    /// <summary>What a machine that may share sessions has.</summary>
    public const Rights Creator = Rights.Create | Owner;

    /// <summary>Everything.</summary>
    public const Rights Root = Rights.Admin | Creator;

    /// <summary>The strings, in the order of the enum.</summary>
    public static IReadOnlyList<string> ToNames(this Rights rights) =>
        [.. Names.Where(entry => rights.HasFlag(entry.Right)).Select(entry => entry.Name)];

    /// <summary>False when a name is unknown or the list is empty.</summary>
    public static bool TryParse(IReadOnlyList<string>? names, out Rights rights)
    {
        rights = Rights.None;
        foreach (string name in names ?? [])
        {
            Rights right = Names.FirstOrDefault(entry => entry.Name == name).Right;
            if (right == Rights.None) return false;
            rights |= right;
        }

        return rights != Rights.None;
    }
}
