namespace ShareRpc.Protocol.Messages;

/// <summary>Rights of a ref (SPEC section "Rights"), in wire order.</summary>
[Flags]
public enum Rights
{
    None = 0,

    /// <summary>All shares and refs.</summary>
    Admin = 1,

    /// <summary>Create and administer own shares.</summary>
    Create = 2,

    /// <summary>Read ops, state and head.</summary>
    Read = 4,

    /// <summary>Append ops.</summary>
    Append = 8,

    /// <summary>Derive refs.</summary>
    Attenuate = 16,

    /// <summary>Revoke and list descendants; read the audit.</summary>
    Revoke = 32,

    /// <summary>End the share, for good.</summary>
    End = 64,

    /// <summary>Append ops of kind <c>comment</c>.</summary>
    Comment = 128,

    /// <summary>See who has the share open, and be seen.</summary>
    Presence = 256,
}

/// <summary>Names and sets of rights.</summary>
public static class RightsNames
{
    private static readonly (Rights Right, string Name)[] Names =
    [
        (Rights.Admin, "admin"), (Rights.Create, "create"), (Rights.Read, "read"), (Rights.Append, "append"),
        (Rights.Attenuate, "attenuate"), (Rights.Revoke, "revoke"),
        (Rights.End, "end"), (Rights.Comment, "comment"), (Rights.Presence, "presence"),
    ];

    /// <summary>Rights that a capability made before they existed lacks, and so its shares' owners.</summary>
    internal const Rights Talk = Rights.Comment | Rights.Presence;

    /// <summary>Rights of an owner ref.</summary>
    public const Rights Owner = Rights.Read | Rights.Append | Rights.Attenuate | Rights.Revoke | Rights.End | Talk;

    /// <summary>Rights of a creator ref.</summary>
    public const Rights Creator = Rights.Create | Owner;

    /// <summary>All rights.</summary>
    public const Rights Root = Rights.Admin | Creator;

    /// <summary>Returns names in enum order.</summary>
    public static IReadOnlyList<string> ToNames(this Rights rights) =>
        [.. Names.Where(entry => rights.HasFlag(entry.Right)).Select(entry => entry.Name)];

    /// <summary>Parses names; false if empty or unknown.</summary>
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
