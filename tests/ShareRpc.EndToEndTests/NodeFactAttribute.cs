namespace ShareRpc.EndToEndTests;

/// <summary>A test that needs Node.js: skipped where there is none, except in CI, which installs it.</summary>
internal sealed class NodeFactAttribute : FactAttribute
{
    public NodeFactAttribute()
    {
        bool isThere = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(
            Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "npm")));
        if (!isThere && Environment.GetEnvironmentVariable("CI") is null) Skip = "Node.js is not installed.";
    }
}
