using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Tidy;

/// <summary>The source files of the repository, by their path from its root with forward slashes.</summary>
internal static class SourceTree
{
    private static readonly string[] NotSources = ["bin", "obj", "node_modules", "dist", "TestResults"];

    public static IEnumerable<(string Path, string Text)> Files(string folder, params string[] extensions) =>
        Walk(new DirectoryInfo(RepositoryRoot.Path(folder)))
            .Where(file => extensions.Contains(file.Extension))
            .Select(file => (
                Path.GetRelativePath(RepositoryRoot.Path(), file.FullName).Replace('\\', '/'),
                File.ReadAllText(file.FullName)));

    private static IEnumerable<FileInfo> Walk(DirectoryInfo directory) =>
        directory.EnumerateFiles().Concat(
            directory.EnumerateDirectories().Where(child => !NotSources.Contains(child.Name)
                && child.LinkTarget is null).SelectMany(Walk));
}
