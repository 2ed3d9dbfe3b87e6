using System.Diagnostics.CodeAnalysis;

namespace ShareRpc.Protocol.Ids;

/// <summary>
/// The ids that callers choose: <c>share_id</c>, <c>cap_id</c> and <c>writer_id</c>. 128 random bits as 22 base62
/// digits. They name things and grant nothing.
/// </summary>
public static class RandomId
{
    /// <summary>Characters of an id.</summary>
    public const int Length = 22;

    /// <summary>Creates a fresh id.</summary>
    public static string New() => Base62.Random(16, Length);

    /// <summary>Returns true for exactly <see cref="Length"/> base62 digits.</summary>
    public static bool IsValid([NotNullWhen(true)] string? id) => id is { Length: Length } && Base62.IsWord(id);
}
