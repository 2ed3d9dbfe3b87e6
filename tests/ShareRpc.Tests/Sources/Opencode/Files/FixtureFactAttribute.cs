namespace ShareRpc.Tests.Sources.Opencode.Files;

/// <summary>
/// A test on the recorded tree beside the repository; skipped, visibly, where only the repository is.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FixtureFactAttribute : FactAttribute
{
    public FixtureFactAttribute()
    {
        if (!File.Exists(StorageFolder.RecordedPath)) Skip = "needs ../shared/fixtures/opencode beside the repository";
    }
}
