using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Tidy;

/// <summary>What is restored is what was restored before: each project has the hashes of all its packages.</summary>
public sealed class LockTests
{
    [Fact]
    public void Every_project_has_a_lock_of_its_packages_that_names_no_host()
    {
        string[] projects = [.. new[] { "src", "tests" }.SelectMany(folder => Directory.EnumerateFiles(
            RepositoryRoot.Path(folder), "*.csproj", SearchOption.AllDirectories))];
        Assert.NotEmpty(projects);
        Assert.All(projects, project =>
        {
            string text = File.ReadAllText(Path.Combine(Path.GetDirectoryName(project)!, "packages.lock.json"));
            Assert.Contains("\"contentHash\"", text, StringComparison.Ordinal);
            Assert.DoesNotContain("://", text, StringComparison.Ordinal);
        });
    }
}
