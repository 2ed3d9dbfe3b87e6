using System.Diagnostics.CodeAnalysis;

namespace ShareRpc.Protocol.Ids;

/// <summary>Caller-chosen ids: 128 random bits, 22 base62 digits; not secret.</summary>
public static class RandomId
{
    /// <summary>Length of an id.</summary>
    public const int Length = 22;

    /// <summary>Creates an id.</summary>
    public static string New() => Base62.Random(16, Length);

    /// <summary>Checks the form.</summary>
    public static bool IsValid([NotNullWhen(true)] string? id) => id is { Length: Length } && Base62.IsWord(id);
}
