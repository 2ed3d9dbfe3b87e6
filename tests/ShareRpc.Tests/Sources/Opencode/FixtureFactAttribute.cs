namespace ShareRpc.Tests.Sources.Opencode;

/// <summary>
/// A test on the recorded database beside the repository; skipped, visibly, where only the repository is.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FixtureFactAttribute : FactAttribute
{
    public FixtureFactAttribute()
    {
        if (!File.Exists(OpencodeFiles.RecordedPath)) Skip = "needs ../shared/fixtures/opencode beside the repository";
    }
}
