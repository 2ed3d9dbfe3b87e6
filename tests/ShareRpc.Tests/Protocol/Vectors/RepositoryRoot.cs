namespace ShareRpc.Tests.Protocol.Vectors;

/// <summary>The source tree that the tests were built from.</summary>
internal static class RepositoryRoot
{
    private static readonly Lazy<string> Found = new(() =>
    {
        DirectoryInfo? at = new(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(System.IO.Path.Combine(at.FullName, "ShareRpc.sln"))) at = at.Parent;
        return at?.FullName ?? throw new InvalidOperationException(
            "The tests run outside the source tree: no ShareRpc.sln above them.");
    });

    public static string Path(params string[] parts) => System.IO.Path.Combine([Found.Value, .. parts]);
}
