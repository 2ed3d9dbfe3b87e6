namespace ShareRpc.Cli.Doctor;

internal enum Verdict
{
    Ok,
    Warning,
    Failure,
}

/// <summary>What one check of the doctor found.</summary>
/// <param name="Check">What was looked at, in a word or two.</param>
/// <param name="Message">What is so.</param>
/// <param name="Action">What to do about it; null if nothing is wrong.</param>
internal sealed record Finding(string Check, Verdict Verdict, string Message, string? Action = null)
{
    public static Finding Ok(string check, string message) => new(check, Verdict.Ok, message);

    public static Finding Warn(string check, string message, string action) =>
        new(check, Verdict.Warning, message, action);

    public static Finding Fail(string check, string message, string action) =>
        new(check, Verdict.Failure, message, action);
}
