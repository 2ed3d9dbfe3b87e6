using ShareRpc.Cli;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Cli;

/// <summary>What the tool says of damaged files of its own state.</summary>
public sealed class StateFileTests : IDisposable
{
    private readonly TemporaryDirectory files = new();

    [Theory]
    [InlineData("credentials.json", "null")]
    [InlineData("credentials.json", "")]
    [InlineData("credentials.json", "{\"x\": null}")]
    [InlineData("server", "")]
    [InlineData("server", "not an address")]
    [InlineData("server", "file:///etc")]
    public async Task A_damaged_file_is_named_with_the_next_step_and_left_as_it_is(string name, string content)
    {
        File.WriteAllText(files[name], content);
        (int exitCode, string errors) = await RunAsync("ls");

        Assert.Equal(1, exitCode);
        Assert.Contains(files[name], errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Unexpected", errors, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText(files[name]));
    }

    [Theory]
    [InlineData("credentials.json", "ls")]
    [InlineData("server", "ls")]
    [InlineData("outbox.db", "outbox status")]
    public async Task A_directory_in_the_place_of_a_file_is_named(string name, string command)
    {
        if (name == "outbox.db") // only what has servers looks there
        {
            File.WriteAllText(files["credentials.json"],
                "{\"a\": {\"token\": \"\", \"server\": \"http://127.0.0.1:1\", \"share_id\": null, \"label\": null}}");
        }

        Directory.CreateDirectory(files[name]);
        (int exitCode, string errors) = await RunAsync(command.Split(' '));

        Assert.Equal(1, exitCode);
        Assert.Contains(files[name], errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Unexpected", errors, StringComparison.Ordinal);
    }

    public void Dispose() => files.Dispose();

    private async Task<(int ExitCode, string Errors)> RunAsync(params string[] args)
    {
        var errors = new StringWriter();
        int exitCode = await CommandLine.RunAsync([.. args, "--state", files["."]], new StringWriter(), errors);
        return (exitCode, errors.ToString());
    }
}
