namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>How `dotnet build` deals with the pages, asked of MSBuild itself; nothing is built here.</summary>
public sealed class ViewerBuildTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [Fact]
    public async Task SkipViewer_leaves_the_pages_out()
    {
        string said = await AskAsync(null, "-t:EmbedViewer", "-p:SkipViewer=true", "-getItem:EmbeddedResource");

        Assert.Contains("0001_initial.sql", said, StringComparison.Ordinal);
        Assert.DoesNotContain("\"viewer/", said, StringComparison.Ordinal);
        Assert.DoesNotContain("npm", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_Node_is_missing_the_build_says_what_it_needs_and_goes_on()
    {
        DirectoryInfo machine = Directory.CreateTempSubdirectory("sharerpc-no-node-");
        try
        {
            File.CreateSymbolicLink(Path.Combine(machine.FullName, "sh"), "/bin/sh");
            string said = await AskAsync(machine.FullName, "-t:FindNode", $"-p:ViewerRoot={machine.FullName}/");

            Assert.Contains("src/viewer needs Node.js 20 or newer, with npm.", said, StringComparison.Ordinal);
            Assert.Contains("links open a page of text until Node.js is there and you build again", said,
                StringComparison.Ordinal);
        }
        finally
        {
            machine.Delete(recursive: true);
        }
    }

    /// <summary>
    /// What MSBuild says of the project that serves the pages, with programs from one folder only if there is one.
    /// </summary>
    private async Task<string> AskAsync(string? programs, params string[] arguments)
    {
        // On a build machine the missing Node.js is an error, which is not what is looked at here.
        var environment = new Dictionary<string, string?> { ["CI"] = null };
        if (programs is not null) environment["PATH"] = programs;
        string project = Path.Combine(OpencodeFixture.Root(), "src", "ShareRpc.Server", "ShareRpc.Server.csproj");
        await using Tool tool = Tool.StartExecutable(
            DotnetProgram.Path, OpencodeFixture.Root(), environment,
            ["msbuild", project, "-nologo", "-nodeReuse:false", .. arguments]);
        await tool.WaitForExitAsync(timeout);
        string said = string.Join('\n', tool.Lines);
        Assert.True(tool.ExitCode == 0, $"{said}\n{tool.Errors}");
        return said;
    }
}
