namespace ShareRpc.EndToEndTests.Disk;

/// <summary>A test whose disk is a preloaded library made by gcc: skipped where there is none, except in CI, which installs it.</summary>
internal sealed class GccFactAttribute : FactAttribute
{
    public GccFactAttribute()
    {
        bool isThere = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "gcc")));
        if (!isThere && Environment.GetEnvironmentVariable("CI") is null) Skip = "gcc is not installed: apt-get install gcc libc6-dev";
    }
}
