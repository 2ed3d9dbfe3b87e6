using ShareRpc.Protocol.Rpc;

namespace ShareRpc.Server.Storage;

/// <summary>A sturdy ref as stored. Everything but epoch and revocation is fixed at its creation.</summary>
internal sealed record RefRow
{
    public long Key { get; init; }

    public required string CapId { get; init; }

    /// <summary>Null: a root or creator ref.</summary>
    public long? ShareKey { get; init; }

    /// <summary>Null: the root.</summary>
    public long? ParentKey { get; init; }

    /// <summary>The parent's epoch when this ref was derived: a parent of another epoch kills it.</summary>
    public long ParentEpoch { get; init; }

    /// <summary>Parents above it.</summary>
    public int Depth { get; init; }

    public required Rights Rights { get; init; }

    public required Caveats Caveats { get; init; }

    public long Epoch { get; init; } = 1;

    public string? Label { get; init; }

    /// <summary>8 bytes, keyed, of the token digest.</summary>
    public required byte[] Tag { get; init; }

    /// <summary>Argon2id PHC string of the token digest.</summary>
    public required string Verifier { get; init; }

    public long CreatedMs { get; init; }

    public long? RevokedMs { get; init; }
}
