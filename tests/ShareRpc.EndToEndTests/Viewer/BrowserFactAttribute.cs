namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>
/// A test in a real browser: skipped where Chromium or Node.js is missing, except in CI, which installs both.
/// </summary>
internal sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute()
    {
        if (Environment.GetEnvironmentVariable("CI") is not null) return;
        if (BrowserFixture.ChromiumPath is null) Skip = "Chromium is not installed (Debian: apt-get install chromium).";
        else if (!IsInPath("npm")) Skip = "Node.js is not installed, so the pages were not built.";
    }

    internal static bool IsInPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));
}
