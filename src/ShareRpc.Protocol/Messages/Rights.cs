namespace ShareRpc.Protocol.Messages;

/// <summary>The rights of a ref (SPEC section "Rights"). On the wire they are these strings, in this order.</summary>
[Flags]
public enum Rights
{
    None = 0,

    /// <summary>Root only: every share and every ref.</summary>
    Admin = 1,

    /// <summary>Create shares and administer those.</summary>
    Create = 2,

    /// <summary>Read ops, state and head.</summary>
    Read = 4,

    /// <summary>Append ops and end the share.</summary>
    Append = 8,

    /// <summary>Derive refs.</summary>
    Attenuate = 16,

    /// <summary>Take descendants back, list them and read the audit trail.</summary>
    Revoke = 32,
}

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

    /// <summary>Returns the strings, in the order of the enum.</summary>
    public static IReadOnlyList<string> ToNames(this Rights rights) =>
        [.. Names.Where(entry => rights.HasFlag(entry.Right)).Select(entry => entry.Name)];

    /// <summary>Returns false when a name is unknown or the list is empty.</summary>
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
