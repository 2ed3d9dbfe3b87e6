using System.IO.Pipelines;
using System.Text.Json.Nodes;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using ShareRpc.Cli;
using ShareRpc.Cli.AgentTools;
using ShareRpc.Cli.State;
using ShareRpc.Cli.Terminal;
using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Protocol.Transcripts;
using ShareRpc.Tests.Sources.Opencode;

namespace ShareRpc.Tests.Cli;

/// <summary>The tools of <c>sharerpc mcp</c>, in this process.</summary>
public sealed class AgentToolsTests : ToolTest
{
    [Fact]
    public async Task What_a_tool_is_given_is_a_value_and_never_an_option_or_a_file()
    {
        ShareLink link = await ShareAsync();
        await using OwnCommands commands = Commands();
        string secret = Path.Combine(Files.Folder, "arguments");
        await File.WriteAllTextAsync(secret, "--label\nfrom-the-file", Timeout);
        foreach (string label in (string[])["--json", "--token-file=/etc/passwd", $"@{secret}", "-", "a b\" 'c"])
        {
            JsonObject made = (await commands.RunAsync("invite", [$"--label={label}"], link.Reveal(), Timeout))[^1];
            IReadOnlyList<JsonObject> all = await commands.RunAsync("who", [], link.Reveal(), Timeout);
            Assert.Equal(label, (string?)all.Single(one => $"{one["cap_id"]}" == $"{made["cap_id"]}")["label"]);
        }

        CliException refused = await Assert.ThrowsAsync<CliException>(
            () => commands.RunAsync("who", [], $"@{secret}", Timeout));
        Assert.DoesNotContain("from-the-file", refused.Message);
        Assert.All(["-", "--all", "", " ", "a\nb", new string('x', 3_000)],
            name => Assert.Throws<CliException>(() => ToolWords.Named(name)));
    }

    [Fact]
    public async Task A_session_is_read_by_a_link_as_far_as_it_may_and_by_the_name_of_a_share_of_this_machine()
    {
        ShareLink link = await ShareAsync();
        await using OwnCommands commands = Commands();
        JsonObject made =
            (await commands.RunAsync("invite", ["--redact=tools"], link.Reveal(), Timeout))[^1];
        var sessions = new ReadableSessions(Context());
        string whole = await sessions.ReadAsync(link.ShareId, new TranscriptRequest(), Timeout);
        Assert.Contains("Hello", whole);
        Assert.Contains("inner output", whole);
        string redacted = await sessions.ReadAsync($"Look: {made["link"]}", new TranscriptRequest(), Timeout);
        Assert.Contains("Hello", redacted);
        Assert.DoesNotContain("inner output", redacted);
        Assert.Equal([link.ShareId], (await ReadingResources.ListAsync(sessions, Timeout)).Resources
            .Select(resource => resource.Uri.Split('/')[^1]));

        await commands.RunAsync("revoke", [], $"{made["cap_id"]}", Timeout);
        CliException refused = await Assert.ThrowsAsync<CliException>(
            () => sessions.ReadAsync("no-such-session", new TranscriptRequest(), Timeout));
        Assert.Contains("list_sessions", refused.Message);
        await Assert.ThrowsAsync<ShareRpc.Protocol.Errors.ShareRpcException>(
            () => sessions.ReadAsync($"{made["link"]}", new TranscriptRequest(), Timeout));
    }

    [Fact]
    public async Task A_session_of_OpenCode_1_is_read_though_it_is_not_shared()
    {
        string text = await ReadableSessions.ReadOlderAsync(
            Files.Sample(), OpencodeFiles.SampleSession, new TranscriptRequest(), Timeout);
        Assert.Contains("Find out why, fix it, and add a test.", text);
    }

    [Fact]
    public Task A_client_is_told_that_a_session_it_watches_has_gone_on_and_what_is_wrong_with_a_call() =>
        WithClientAsync(async (client, link, _) =>
        {
            using var told = new SemaphoreSlim(0);
            Assert.True(client.ServerCapabilities.Resources?.Subscribe);
            await using (await SubscribeAsync(client, link, told))
            {
                await AppendAsync("m2");
                await told.WaitAsync(Timeout);
            }

            CallToolResult fault = await client.CallToolAsync("read_session", cancellationToken: Timeout);
            Assert.True(fault.IsError);
            Assert.StartsWith("read_session needs session: A link of a share",
                Assert.IsType<TextContentBlock>(fault.Content[0]).Text, StringComparison.Ordinal);
        });

    [Fact]
    public Task A_watch_of_a_session_that_has_ended_gives_its_place_to_another() =>
        WithClientAsync(async (client, link, watches) =>
        {
            using var told = new SemaphoreSlim(0);
            await using OwnCommands commands = Commands();
            await using IAsyncDisposable first = await SubscribeAsync(client, link, told);
            await commands.RunAsync("rm", ["--yes"], link.ShareId, Timeout);
            await told.WaitAsync(Timeout);
            while (watches.Count > 0) await Task.Yield();
        });

    /// <summary>Shares a session, and connects a client to the tools of this machine.</summary>
    private async Task WithClientAsync(Func<McpClient, ShareLink, ResourceWatches, Task> useAsync)
    {
        ShareLink link = await ShareAsync();
        await using OwnCommands commands = Commands();
        var sessions = new ReadableSessions(Context());
        await using var watches = new ResourceWatches(sessions, TimeProvider.System);
        var toServer = new Pipe();
        var toClient = new Pipe();
        await using var transport = new StreamServerTransport(
            toServer.Reader.AsStream(), toClient.Writer.AsStream());
        await using McpServer server =
            McpServer.Create(transport, ShareRpc.Cli.Commands.Mcp.OptionsOf(commands, sessions, watches));
        Task running = server.RunAsync(Timeout);
        await using (McpClient client = await McpClient.CreateAsync(new StreamClientTransport(
            toServer.Writer.AsStream(), toClient.Reader.AsStream()),
            new McpClientOptions { ProtocolVersion = "2025-11-25" }, cancellationToken: Timeout))
        {
            await useAsync(client, link, watches);
        }

        await toServer.Writer.CompleteAsync();
        await running.WaitAsync(Timeout);
    }

    private async Task<IAsyncDisposable> SubscribeAsync(McpClient client, ShareLink link, SemaphoreSlim told) =>
        await client.SubscribeToResourceAsync(new Uri($"sharerpc://session/{link.ShareId}"), (_, _) =>
        {
            told.Release();
            return default;
        }, cancellationToken: Timeout);

    private OwnCommands Commands() => new(
        StatePath, Server.Address.ToString(), Path.Combine(Server.DataDirectory, "root.token"));

    private CommandContext Context() => new(
        new Output(TextWriter.Null, TextWriter.Null, isJson: true), new ClientState(StatePath), TimeProvider.System);

    private async Task AppendAsync(string key)
    {
        await using ShareClient client = await ShareClient.OpenAsync(
            new ClientState(StatePath).ClientOptions(Server.Address, null), cancellationToken: Timeout);
        await client.Shares[0].EnqueueAsync(
            [Put(Kinds.Message, key, """{"role":"user","time":{"created":2}}""")], cancellationToken: Timeout);
        await client.FlushAsync(Timeout);
    }

    private async Task<ShareLink> ShareAsync()
    {
        Directory.CreateDirectory(StatePath);
        (int exitCode, _, _) = await RunAsync(["ls", .. ToRoot]);
        Assert.Equal(0, exitCode);
        var state = new ClientState(StatePath);
        string creator = new CreatorToken(Context(), Path.Combine(Server.DataDirectory, "root.token"))
            .Require(Server.Address);
        await using ShareClient client = await ShareClient.OpenAsync(
            state.ClientOptions(Server.Address, creator), cancellationToken: Timeout);
        ShareWriter share = await client.CreateShareAsync("test:one", "One", Timeout);
        await share.EnqueueAsync(
            [
                Put(Kinds.Message, "m1", """{"role":"user","time":{"created":1}}"""),
                Put(Kinds.Part, "p1", """{"type":"text","messageID":"m1","text":"Hello"}"""),
                Put(Kinds.Part, "p2", """
                    {"type":"tool","messageID":"m1","tool":"bash",
                    "state":{"status":"completed","output":"inner output"}}
                    """),
            ],
            cancellationToken: Timeout);
        await client.FlushAsync(Timeout);
        return share.ViewerLink!;
    }

    private static OpIntent Put(string kind, string key, string data) =>
        new() { OpId = OpId.New(), Verb = Verbs.Put, Kind = kind, Key = key, Data = RawJson.Parse(data) };
}
