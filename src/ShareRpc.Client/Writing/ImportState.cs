namespace ShareRpc.Client.Writing;

/// <summary>State of a one-time import.</summary>
public sealed record ImportState
{
    /// <summary>Gets the source's absolute path or unique name.</summary>
    public required string Path { get; init; }

    /// <summary>Gets the content's hex digest at the start.</summary>
    public required string ContentHash { get; init; }

    public int Sessions { get; init; }

    public int Messages { get; init; }

    public int Parts { get; init; }

    /// <summary>Gets the number of skipped files, listed or not.</summary>
    public int SkippedCount { get; init; }

    /// <summary>Gets skipped files, as JSON.</summary>
    public string Skipped { get; init; } = "[]";

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Gets the end time, or null.</summary>
    public DateTimeOffset? FinishedAt { get; init; }
}
