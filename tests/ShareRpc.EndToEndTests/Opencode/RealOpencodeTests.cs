using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Opencode;

/// <summary>
/// The real program against a real server, with a model that plays a script. No network but this machine's own.
/// </summary>
[Trait("Suite", "Deep")]
public sealed class RealOpencodeTests
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromMinutes(1) };
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [OpencodeFact]
    public async Task A_session_killed_mid_turn_is_shared_whole_imported_whole_and_unshared_whole()
    {
        Assert.Null(OpencodePackage.WhyNot());
        await using var world = new World();
        await world.StartServerAsync(null, timeout);
        var home = new OpencodeScenario(world, "first");
        await using ScriptedModel model = await ScriptedModel.StartAsync(home.Script);
        OpencodeHome first = await home.OpenAsync(model, timeout);

        // It shares a session with tool calls, and goes on; what it sends by itself arrives.
        (string session, Uri url) = await ShareAndGoOnAsync(first, timeout);

        // Killed in the middle of a turn, it comes back, and two things are removed.
        await using (OpencodeServer doomed = await first.ServeAsync(timeout))
        {
            await doomed.BeginPromptAsync(session, OpencodeScenario.Stall, timeout);
            await model.Stalled.WaitAsync(timeout);
            doomed.Kill();
        }

        await using OpencodeServer opencode = await first.ServeAsync(timeout);
        await RemoveAsync(opencode, session);
        OpencodeListing listed = OpencodeListing.Of(await opencode.MessagesAsync(session, timeout));
        Assert.Contains(listed.Documents.Values, OpencodeScenario.IsUnfinished);
        OpencodeListing before = await DataAsync(url, timeout);
        // Opencode tells nobody of removals.
        Assert.Contains(before.Documents.Keys, key => !listed.Documents.ContainsKey(key));

        // What was missed is brought into the same share, with opencode's own secret; a second run adds nothing.
        JsonObject repaired = await RepairAsync(world, first, session);
        await using var reader = new ShareReader(LinkOf(url, (string)repaired["share_id"]!));
        listed.AssertSame(OpencodeListing.Of(await reader.ReadStateAsync(timeout)));
        Assert.Equal(0, (int)(await RepairAsync(world, first, session))["applied"]!);

        // Another machine imports it from the url.
        OpencodeHome second = await new OpencodeScenario(world, "second").OpenAsync(model, timeout);
        await using Tool import = await second.RunAsync(timeout, "import", url.ToString());
        Assert.True(import.ExitCode == 0, $"{string.Join('\n', import.Lines)}\n{import.Errors}");
        await using (OpencodeServer other = await second.ServeAsync(timeout))
            listed.AssertSame(OpencodeListing.Of(await other.MessagesAsync(session, timeout)));

        // Unsharing takes back the link, the data and the secret.
        string secret = OpencodeScenario.SecretOf(first, session);
        await opencode.UnshareAsync(session, timeout);
        await AssertDeadAsync(world, url, (string)repaired["share_id"]!, secret);
    }

    private static async Task<(string Session, Uri Url)> ShareAndGoOnAsync(OpencodeHome home, CancellationToken timeout)
    {
        await using OpencodeServer opencode = await home.ServeAsync(timeout);
        string session = await opencode.CreateSessionAsync(timeout);
        await opencode.PromptAsync(session, OpencodeScenario.Write, timeout);
        Uri url = await opencode.ShareAsync(session, timeout);
        await opencode.PromptAsync(session, OpencodeScenario.GoOn, timeout);
        OpencodeListing listed = OpencodeListing.Of(await opencode.MessagesAsync(session, timeout));
        Assert.Equal(3, listed.Documents.Values.Count(OpencodeScenario.IsDoneCommand));
        IReadOnlyList<string> differences = [];
        try
        {
            await Until.TrueAsync(async () =>
                (differences = listed.DifferencesTo(await DataAsync(url, timeout))).Count == 0, timeout);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail(string.Join('\n', differences));
        }

        return (session, url);
    }

    /// <summary>A message with its parts, and a part of another message.</summary>
    private async Task RemoveAsync(OpencodeServer opencode, string session)
    {
        IReadOnlyList<JsonNode> messages = await opencode.MessagesAsync(session, timeout);
        JsonNode gone =
            messages.Last(message => message["parts"]!.AsArray().Any(part => (string?)part!["tool"] == "bash"));
        await opencode.DeleteMessageAsync(session, (string)gone["info"]!["id"]!, timeout);
        JsonNode left =
            messages.First(message => message["parts"]!.AsArray().Any(part => (string?)part!["tool"] == "write"));
        JsonNode part = left["parts"]!.AsArray().First(part => (string?)part!["type"] == "text")!;
        await opencode.DeletePartAsync(session, (string)left["info"]!["id"]!, (string)part["id"]!, timeout);
    }

    private async Task<JsonObject> RepairAsync(World world, OpencodeHome home, string session)
    {
        await using Tool share = await Tool.RunAsync(
            ["share", "--opencode", home.Database, "--session", session, "--once", "--json", "--state",
                world.PathOf("repair")], timeout);
        Assert.True(share.ExitCode == 0, share.Errors);
        return share.Objects.Last(line => (string?)line["event"] == "done");
    }

    private async Task AssertDeadAsync(World world, Uri url, string shareId, string secret)
    {
        using HttpResponseMessage page = await Http.GetAsync(new Uri(url, $"/api{url.AbsolutePath}/data"), timeout);
        Assert.Equal(HttpStatusCode.NotFound, page.StatusCode);
        await using var reader = new ShareReader(
            LinkOf(url, shareId), new ShareReaderOptions { InvalidTokenPatience = TimeSpan.Zero });
        ShareRpcException refused = await Assert.ThrowsAsync<ShareRpcException>(() => reader.ReadStateAsync(timeout));
        Assert.Equal(ErrorCode.CapabilityRevoked, refused.Code);
        var item = new JsonObject { ["type"] = "part",
            ["data"] = new JsonObject { ["id"] = "prt_late", ["messageID"] = "msg_late" } };
        using HttpResponseMessage sync = await Http.PostAsJsonAsync(
            new Uri(world.Server, $"/api/share/{shareId}/sync"),
            new JsonObject { ["secret"] = secret, ["data"] = new JsonArray(item) },
            timeout);
        Assert.Contains(sync.StatusCode,
            new[] { HttpStatusCode.Forbidden, HttpStatusCode.NotFound, HttpStatusCode.Gone });
    }

    private static async Task<OpencodeListing> DataAsync(Uri url, CancellationToken timeout)
    {
        JsonArray items =
            (await Http.GetFromJsonAsync<JsonArray>(new Uri(url, $"/api{url.AbsolutePath}/data"), timeout))!;
        return new OpencodeListing(new SortedDictionary<string, JsonNode>(
            items.Where(item => (string)item!["type"]! is "message" or "part")
                .ToDictionary(item => $"{(string)item!["type"]!} {(string)item["data"]!["id"]!}",
                    item => item!["data"]!),
            StringComparer.Ordinal));
    }

    private static ShareLink LinkOf(Uri url, string shareId)
    {
        Assert.True(ShareToken.TryParse(url.Segments[^1], out ShareToken? token));
        return new ShareLink(new Uri(url.GetLeftPart(UriPartial.Authority)), shareId, token);
    }
}
