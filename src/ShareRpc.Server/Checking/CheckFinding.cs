namespace ShareRpc.Server.Checking;

/// <summary>One thing that is wrong in a data directory, in one line.</summary>
/// <param name="Rule">What is broken: file, schema, reference, I1, I2, fold.</param>
/// <param name="ShareId">The share it is in; null for the directory as a whole.</param>
/// <param name="Message">What is wrong, and where.</param>
public sealed record CheckFinding(string Rule, string? ShareId, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => ShareId is null ? $"{Rule}: {Message}" : $"{Rule}: share {ShareId}: {Message}";
}
