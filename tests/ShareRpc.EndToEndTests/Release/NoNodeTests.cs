namespace ShareRpc.EndToEndTests.Release;

/// <summary>A machine with the .NET SDK and nothing else, which builds a fresh clone and runs the demo.</summary>
[Trait("Suite", "Deep")]
public sealed class NoNodeTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("sharerpc-no-node-");
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(20)).Token;

    [SizedFact]
    public async Task The_demo_of_a_fresh_clone_works_without_Node_and_says_what_is_left_out()
    {
        string root = OpencodeFixture.Root();
        string clone = Path.Combine(folder.FullName, "clone");
        await using (Tool git = Tool.StartExecutable(
            "git", root, new Dictionary<string, string?>(), ["clone", "--quiet", root, clone]))
        {
            await git.WaitForExitAsync(timeout);
            Assert.True(git.ExitCode == 0, git.Errors);
        }

        string programs = folder.CreateSubdirectory("programs").FullName;
        File.CreateSymbolicLink(Path.Combine(programs, "sh"), "/bin/sh");
        var environment = new Dictionary<string, string?> { ["PATH"] = programs, ["CI"] = null };
        await using Tool demo = Tool.StartExecutable(
            DotnetProgram.Path, clone, environment, ["run", "--project", "src/ShareRpc.Cli", "--", "demo"]);
        await demo.WaitForExitAsync(timeout);

        string said = string.Join('\n', demo.Lines);
        Assert.True(demo.ExitCode == 0, $"{said}\n{demo.Errors}");
        Assert.Contains("The web pages are left out: Node.js 20 or later", said, StringComparison.Ordinal);
        Assert.Contains("revoked", said, StringComparison.OrdinalIgnoreCase);
    }

    public void Dispose() => folder.Delete(recursive: true);
}
