using System.Diagnostics.CodeAnalysis;

namespace ShareRpc.Protocol.Ids;

/// <summary>
/// An op's idempotency key: 1 to 64 characters of <c>A-Z a-z 0-9 _ . : -</c>. Time-ordered: a UUIDv7, or an event log's
/// own ordered id with the digest of what is emitted. A <c>batch_id</c> has the same form.
/// </summary>
public static class OpId
{
    /// <summary>The most characters an id may have.</summary>
    public const int MaxLength = 64;

    /// <summary>Creates a fresh UUIDv7.</summary>
    public static string New() => Guid.CreateVersion7().ToString();

    /// <summary>Returns true for an id of the form above.</summary>
    public static bool IsValid([NotNullWhen(true)] string? id)
    {
        if (id is null || id.Length is 0 or > MaxLength) return false;
        foreach (char c in id)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '.' or ':' or '-')) return false;
        }

        return true;
    }
}
