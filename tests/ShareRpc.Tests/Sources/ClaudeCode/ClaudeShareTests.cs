using System.Text.Json.Nodes;
using ShareRpc.Client;
using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;
using ShareRpc.Tests.MainJob;
using ShareRpc.Tests.Sources.Following;

namespace ShareRpc.Tests.Sources.ClaudeCode;

/// <summary>From a transcript to a real server, and read back.</summary>
public sealed class ClaudeShareTests : IDisposable
{
    private const string Canary = SharedCanary.Word;

    private readonly ClaudeHome home = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    public void Dispose() => home.Dispose();

    [Fact]
    public async Task A_reader_without_tools_and_files_sees_nothing_of_what_tools_were_given_or_answered()
    {
        WriteWithCanaries();
        await SharedCanary.AssertHiddenAsync(home.Storage, home.Home, "What the user asked", timeout);
    }

    [Fact]
    public async Task A_session_that_grows_is_followed_and_nothing_is_refused()
    {
        home.Transcript.Prompt("One");
        string first = home.Transcript.Reply("end_turn", Transcript.Text("one"));
        await using RunningServer server = await RunningServer.StartAsync();
        await using ShareClient client = await server.OpenClientAsync();
        using FollowedSessions sessions = Open(client);
        await sessions.LookAsync(timeout);
        home.Transcript.Prompt("Two");
        home.Transcript.Reply("tool_use", Transcript.Use("call-1", "Bash", ("command", "ls")));
        await sessions.LookAsync(timeout);
        home.Transcript.Result("call-1", "a");
        home.Transcript.Leaf = first;
        home.Transcript.Prompt("Other");
        await sessions.LookAsync(timeout);
        File.WriteAllText(home.Transcript.Path, "");
        home.Transcript.Leaf = null;
        home.Transcript.Prompt("Replaced");
        await sessions.LookAsync(timeout);
        await sessions.SettleAsync(timeout);
        ShareWriter writer = Assert.Single(sessions.Sessions).Writer;
        Assert.Equal(0, writer.Status.Failed);
        await using var reader = new ShareReader(writer.ViewerLink!);
        IReadOnlyList<Document> held = (await reader.ReadStateAsync(timeout)).Documents;
        Assert.Single(held, document => document.Kind == Kinds.Message);
        Assert.Contains("Replaced", held.Single(document => document.Kind == Kinds.Part).Data.ToString());
    }

    private void WriteWithCanaries()
    {
        Transcript written = home.Transcript;
        written.Prompt("What the user asked");
        written.Reply("tool_use", Transcript.Use("call-1", "Bash", ("command", Canary), ("description", Canary)),
            Transcript.Use("call-2", "Task", ("prompt", Canary), ("description", Canary)));
        written.Result("call-1", Canary, details: new JsonObject { ["stdout"] = Canary });
        written.Result("call-2", Canary, isError: true);
        written.Result("nobodys-call", Canary);
        written.Line("user", ("message", new JsonObject { ["content"] = $"<bash-input>{Canary}</bash-input>" }));
        written.Line("user", ("message", new JsonObject { ["content"] = $"<bash-stdout>{Canary}</bash-stdout>" }));
        written.Attachment(new JsonObject
        {
            ["type"] = "queued_command",
            ["prompt"] = $"<task-notification><task-id>x</task-id><result>{Canary}</result></task-notification>",
        });
        written.Line("tomorrow", ("content", Canary));
        written.Reply("end_turn", Transcript.Text("What the model said"));
    }

    private FollowedSessions Open(ShareClient client) => new(client, new FollowOptions
    {
        Storages = [home.Storage], LockPath = Path.Combine(home.Home, "sync.lock"),
    });
}
