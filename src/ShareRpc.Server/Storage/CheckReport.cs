namespace ShareRpc.Server.Storage;

/// <summary>The result of a data check.</summary>
public sealed record CheckReport
{
    public required long Shares { get; init; }

    public required long Ops { get; init; }

    /// <summary>Gets the number of folded documents.</summary>
    public required long Documents { get; init; }

    public required long Writers { get; init; }

    /// <summary>Gets at most 1,000 findings, in check order.</summary>
    public required IReadOnlyList<CheckFinding> Findings { get; init; }

    /// <summary>Gets whether more findings were dropped.</summary>
    public required bool HasMore { get; init; }
}

/// <summary>One thing that is wrong in a data directory, in one line.</summary>
/// <param name="Rule">What is broken: file, schema, reference, audit, I1, I2, fold.</param>
/// <param name="ShareId">The share it is in; null for the directory as a whole.</param>
/// <param name="Message">What is wrong, and where.</param>
public sealed record CheckFinding(string Rule, string? ShareId, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => ShareId is null ? $"{Rule}: {Message}" : $"{Rule}: share {ShareId}: {Message}";
}

/// <summary>How far a check or a backup is.</summary>
/// <param name="Step">What is being looked at, for people.</param>
/// <param name="Done">How many of <paramref name="Total"/> are done.</param>
/// <param name="Total">0 when that cannot be known.</param>
public sealed record CheckProgress(string Step, long Done, long Total);

/// <summary>What a backup holds.</summary>
/// <param name="Directory">Where it is.</param>
/// <param name="Bytes">The size of its database.</param>
/// <param name="Shares">Shares in it.</param>
/// <param name="Ops">Ops in it.</param>
public sealed record BackupReport(string Directory, long Bytes, long Shares, long Ops);

/// <summary>What a restore did.</summary>
/// <param name="Generation">What all shares have now.</param>
/// <param name="Applied">Changes of access since the backup that were applied.</param>
/// <param name="Suspended">Refs below the root that were suspended, since <c>revoked.log</c> is missing.</param>
internal sealed record RestoreReport(long Generation, int Applied, int Suspended)
{
    public long Shares { get; init; }

    public long Ops { get; init; }

    /// <summary>Gets where the replaced files are; null if there were none.</summary>
    public string? ReplacedDirectory { get; init; }
}
