using ShareRpc.Protocol.Messages;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>A change that took access away, or gave it back, as a line of <see cref="RevokedLog"/>.</summary>
internal sealed record RevokedEntry
{
    public const string Revoke = "revoke";
    public const string Suspend = "suspend";
    public const string Resume = "resume";
    public const string Rotate = "rotate";
    public const string Adopt = "adopt";
    public const string End = "end";
    public const string Delete = "delete";

    /// <summary>Gets its number, from 1 without gaps.</summary>
    public long Number { get; init; }

    public required string Action { get; init; }

    /// <summary>Gets the ref; of a deleted share its owner ref.</summary>
    public string? CapId { get; init; }

    public string? ShareId { get; init; }

    public long? Epoch { get; init; }

    public long? TimeMs { get; init; }

    /// <summary>Gets the verifier after a rotation; no secret, as in the database.</summary>
    public byte[]? Verifier { get; init; }

    public string? Passphrase { get; init; }

    /// <summary>Gets the caveats of an adopted owner ref.</summary>
    public Caveats? Caveats { get; init; }

    public long? SuspendedMs { get; init; }
}
