using ShareRpc.Server.Pages;

namespace ShareRpc.Tests.Server.Pages;

/// <summary>A test of the built pages: skipped in a build that left them out, except in CI.</summary>
internal sealed class PagesFactAttribute : FactAttribute
{
    public PagesFactAttribute() => Skip = Reason;

    public static string? Reason => PageFiles.Embedded.Admin is null && Environment.GetEnvironmentVariable("CI") is null
        ? "Built with -p:SkipViewer=true."
        : null;
}
