namespace ShareRpc.Client.Writing;

/// <summary>What has become of a source that is read once, on one server.</summary>
public sealed record ImportState
{
    /// <summary>Gets the source's absolute path, or another name that is its own.</summary>
    public required string Path { get; init; }

    /// <summary>
    /// Gets the hex digest of the content when the import began; a copy elsewhere is the same source.
    /// </summary>
    public required string ContentHash { get; init; }

    public int Sessions { get; init; }

    public int Messages { get; init; }

    public int Parts { get; init; }

    /// <summary>
    /// Gets the number of files that were left out, including those that <see cref="Skipped"/> has no room for.
    /// </summary>
    public int SkippedCount { get; init; }

    /// <summary>Gets what was left out and why, as JSON that the outbox does not read.</summary>
    public string Skipped { get; init; } = "[]";

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Gets the time at which the import finished; null while it runs or after it was interrupted.</summary>
    public DateTimeOffset? FinishedAt { get; init; }
}
