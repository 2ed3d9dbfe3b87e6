namespace ShareRpc.Client.Writing;

/// <summary>What has become of a source that is read once, on one server.</summary>
public sealed record ImportState
{
    /// <summary>The source's absolute path, or another name that is its own.</summary>
    public required string Path { get; init; }

    /// <summary>Hex digest of the content when the import began: a copy elsewhere is the same source.</summary>
    public required string ContentHash { get; init; }

    public int Sessions { get; init; }

    public int Messages { get; init; }

    public int Parts { get; init; }

    /// <summary>How much was left out, including what <see cref="Skipped"/> has no room for.</summary>
    public int SkippedCount { get; init; }

    /// <summary>JSON, opaque to the outbox: what was left out, with the reasons.</summary>
    public string Skipped { get; init; } = "[]";

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Null while it goes on, or after it was interrupted.</summary>
    public DateTimeOffset? FinishedAt { get; init; }
}
