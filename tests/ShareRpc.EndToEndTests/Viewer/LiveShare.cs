using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using ShareRpc.Client;
using ShareRpc.Client.Admin;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Writing;
using ShareRpc.EndToEndTests.Disk;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>A share that a test writes to, op by op, on a server of its own or on one that tests share.</summary>
internal sealed class LiveShare : IAsyncDisposable
{
    private static int count;

    private readonly CancellationToken timeout;
    private readonly bool ownsWorld;
    private readonly int number = Interlocked.Increment(ref count);
    private PlainConnection? owner;
    private string ownerToken = "";
    private string shareId = "";
    private string? label;

    private LiveShare(World world, bool ownsWorld, CancellationToken timeout)
    {
        World = world;
        this.ownsWorld = ownsWorld;
        this.timeout = timeout;
    }

    public World World { get; }

    public Uri Server => World.Server;

    /// <summary>Starts a server that ends with the share.</summary>
    public static async Task<LiveShare> StartAsync(CancellationToken timeout, string? label = null)
    {
        var live = new LiveShare(new World(), true, timeout) { label = label };
        await live.World.StartServerAsync(null, timeout);
        await live.CreateAsync();
        return live;
    }

    /// <summary>Makes a share on a server that runs.</summary>
    public static async Task<LiveShare> OnAsync(World world, CancellationToken timeout)
    {
        var live = new LiveShare(world, false, timeout);
        await live.CreateAsync();
        return live;
    }

    /// <summary>Puts the session of the demo; a link for readers.</summary>
    public async Task<string> PutSampleAsync()
    {
        string path = Path.Combine(
            OpencodeFixture.Root(), "src", "ShareRpc.Cli", "Demonstration", "session.jsonl");
        await SendAsync((await File.ReadAllLinesAsync(path, timeout)).Select(line =>
        {
            JsonObject op = JsonNode.Parse(line)!.AsObject();
            op["op_id"] = OpId.New();
            return op;
        }));
        return (await InviteAsync()).Link;
    }

    /// <summary>Shares a session of opencode by the tool; its link for readers.</summary>
    public async Task<string> ShareSampleAsync()
    {
        string database = PathOf("opencode.db");
        string sql = await File.ReadAllTextAsync(
            Path.Combine(OpencodeFixture.Root(), "tests", "ShareRpc.Tests", "Sources", "Opencode", "session.sql"),
            timeout);
        await using (var connection = new SqliteConnection($"Data Source={database};Pooling=False"))
        {
            await connection.OpenAsync(timeout);
            SqliteCommand command = connection.CreateCommand();
            command.CommandText = sql;
            await command.ExecuteNonQueryAsync(timeout);
        }

        return await ShareByToolAsync("--opencode", database, "--all", "--once");
    }

    /// <summary>Puts documents, in one batch; answered when they are durable.</summary>
    public Task PutAsync(params (string Kind, string Key, JsonNode Data)[] documents) =>
        SendAsync(documents.Select(document =>
        new JsonObject
        {
            ["op_id"] = OpId.New(), ["verb"] = "put", ["kind"] = document.Kind, ["key"] = document.Key,
            ["data"] = document.Data.DeepClone(),
        }));

    /// <summary>Lets a part's text grow.</summary>
    public Task AppendAsync(string part, string text) => SendAsync(
    [
        new JsonObject
        {
            ["op_id"] = OpId.New(), ["verb"] = "append", ["kind"] = "part", ["key"] = part,
            ["data"] = new JsonObject { ["field"] = "text", ["text"] = text },
        },
    ]);

    /// <summary>A link for a reader, or with the rights given, and its ref's id.</summary>
    public Task<(string Link, string CapId)> InviteAsync(
        JsonObject? caveats = null, string? passphrase = null, params string[] rights) =>
        MakeLinkAsync(null, caveats, passphrase, rights);

    public Task<(string Link, string CapId)> InviteNamedAsync(string name, params string[] rights) =>
        MakeLinkAsync(name, null, null, rights);

    private async Task<(string Link, string CapId)> MakeLinkAsync(
        string? name, JsonObject? caveats, string? passphrase, string[] rights)
    {
        ShareToken token = ShareToken.New(RandomId.New());
        var request = new JsonObject { ["cap_id"] = token.CapId, ["token_digest"] = token.Digest,
            ["rights"] = new JsonArray("read") };
        if (rights.Length > 0) request["rights"] = new JsonArray([.. rights.Select(right => JsonValue.Create(right))]);
        if (caveats is not null) request["caveats"] = caveats;
        if (name is not null) request["label"] = name;
        if (passphrase is not null) request["passphrase_digest"] = DigestOf(token, passphrase);
        await AskAsync("attenuate", request);
        return ($"{World.Server.GetLeftPart(UriPartial.Authority)}/s/{shareId}#{token.Reveal()}", token.CapId);
    }

    public Task RevokeAsync(string capId) => AskAsync("revokeCapability", new JsonObject { ["cap_id"] = capId });

    public Task SuspendAsync(string capId) => AskAsync("suspendCapability", new JsonObject { ["cap_id"] = capId });

    public Task ResumeAsync(string capId) => AskAsync("resumeCapability", new JsonObject { ["cap_id"] = capId });

    public async Task DeleteAsync()
    {
        await using AdminClient root = await RootAsync();
        await root.DeleteShareAsync(shareId);
    }

    /// <summary>As the server's administrator.</summary>
    public async Task<AdminClient> RootAsync()
    {
        Assert.True(
            ShareToken.TryParse((await File.ReadAllTextAsync(World.TokenFile, timeout)).Trim(), out ShareToken? root));
        return await AdminClient.OpenRootAsync(World.Server, root, timeout);
    }

    public Task EndAsync() => AskAsync("endShare", []);

    /// <summary>Kills the server and starts it again on the same data.</summary>
    public async Task RestartServerAsync(Func<Task> whileItIsGone)
    {
        World.ServerProcess!.Kill();
        owner?.Dispose();
        await World.ServerProcess.DisposeAsync();
        await whileItIsGone();
        await World.StartServerAsync(null, timeout);
        owner = await PlainConnection.RedeemAsync(World.Server, ownerToken, null, timeout);
    }

    /// <summary>The grants that redemptions of a link have left, by their cap ids.</summary>
    public async Task<IReadOnlyList<string>> GrantsAsync(string capId)
    {
        JsonObject page = await AskAsync("listCapabilities", []);
        return
        [
            .. page["capabilities"]!.AsArray()
                .Where(each => (string?)each!["parent_cap_id"] == capId && (bool?)each["grant"] == true)
                .Select(each => (string)each!["cap_id"]!),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        owner?.Dispose();
        if (ownsWorld) await World.DisposeAsync();
    }

    /// <summary>A path of this share alone.</summary>
    private string PathOf(string name) => World.PathOf($"{number}-{name}");

    private static string DigestOf(ShareToken token, string passphrase)
    {
        string text = token.Reveal();
        byte[] key = System.Text.Encoding.ASCII.GetBytes(text[..text.LastIndexOf('_')]);
        byte[] digest =
            System.Security.Cryptography.HMACSHA256.HashData(key, System.Text.Encoding.UTF8.GetBytes(passphrase));
        return Convert.ToHexStringLower(digest);
    }

    private async Task<string> ShareByToolAsync(params string[] arguments)
    {
        Tool tool = Tool.Start(null,
        [
            "share", "--server", Server.GetLeftPart(UriPartial.Authority), "--token-file", World.TokenFile,
            "--state", PathOf("state"), .. arguments,
        ]);
        await tool.WaitForExitAsync(timeout);
        Assert.True(tool.ExitCode == 0, tool.Errors);
        return tool.Lines.Select(line => line.Trim()).First(line => line.StartsWith("http", StringComparison.Ordinal));
    }

    private Task SendAsync(IEnumerable<JsonObject> ops) => AskAsync(
        "appendOps", new JsonObject { ["batch_id"] = OpId.New(), ["ops"] = new JsonArray([.. ops]) });

    /// <summary>Asks again where the connection has ended meanwhile: every call here may be repeated blindly.</summary>
    private async Task<JsonObject> AskAsync(string method, JsonObject parameters)
    {
        try
        {
            return await owner!.AskAsync(method, parameters.DeepClone().AsObject(), timeout);
        }
        catch (WebSocketException)
        {
            owner!.Dispose();
            owner = await PlainConnection.RedeemAsync(World.Server, ownerToken, null, timeout);
            return await owner.AskAsync(method, parameters, timeout);
        }
    }

    private async Task CreateAsync()
    {
        Assert.True(
            ShareToken.TryParse((await File.ReadAllTextAsync(World.TokenFile, timeout)).Trim(), out ShareToken? root));
        new CredentialStore(PathOf("credentials.json")).Add(root, World.Server, null, "root");
        await using ShareClient client = await ShareClient.OpenAsync(new ShareClientOptions
        {
            Server = World.Server, OutboxPath = PathOf("outbox.db"), CredentialsPath = PathOf("credentials.json"),
            CreatorCapId = root.CapId,
        });
        ShareWriter share = await client.CreateShareAsync("viewer", label, timeout);
        await client.FlushAsync(timeout);
        ownerToken = share.OwnerLink!.Token.Reveal();
        shareId = share.ShareId;
        owner = await PlainConnection.RedeemAsync(World.Server, ownerToken, null, timeout);
    }
}
