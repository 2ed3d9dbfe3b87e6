using System.Diagnostics.CodeAnalysis;

namespace ShareRpc.Protocol.Ids;

/// <summary>Idempotency key: 1 to 64 of <c>A-Z a-z 0-9 _ . : -</c>, time-ordered.</summary>
public static class OpId
{
    /// <summary>Maximum length.</summary>
    public const int MaxLength = 64;

    /// <summary>Creates a UUIDv7.</summary>
    public static string New() => Guid.CreateVersion7().ToString();

    /// <summary>Checks the form.</summary>
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
