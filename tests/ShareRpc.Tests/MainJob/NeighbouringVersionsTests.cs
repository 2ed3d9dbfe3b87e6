using System.Net.WebSockets;
using System.Text.Json.Nodes;
using ShareRpc.Client;
using ShareRpc.Client.Connection;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Server;
using StreamJsonRpc;

namespace ShareRpc.Tests.MainJob;

/// <summary>
/// This client with servers of the minor versions before and after, by what a redemption says (VER-1, VER-5, VER-6):
/// the answers of this server are rewritten on their way. That this server takes clients of either is in the vectors.
/// </summary>
public sealed class NeighbouringVersionsTests
{
    private const string Older = "older";
    private const string Newer = "newer";

    [Theory]
    [InlineData(Older, Older)]
    [InlineData(Older, Newer)]
    [InlineData(Newer, Older)]
    [InlineData(Newer, Newer)]
    public async Task A_session_is_shared_and_followed(string toWriter, string toReader)
    {
        await using LiveServer live = await LiveServer.StartAsync();
        ShareLink link = await ShareAsync(live, toWriter);
        await using var reader =
            new ShareReader(link, new ShareReaderOptions { Transport = TransportOf(live.Server.Address, toReader) });
        var seen = new List<string>();
        await foreach (LoggedOp op in reader.FollowAsync(0, live.Timeout)) seen.Add(op.OpId);
        Assert.Equal(["one", "two", "three"], seen);
        Assert.Equal(3, (await reader.ReadStateAsync(live.Timeout)).Documents.Count);
    }

    private static async Task<ShareLink> ShareAsync(LiveServer live, string version)
    {
        using var directory = new TemporaryDirectory();
        new CredentialStore(directory["credentials.json"]).Add(live.RootToken, live.Server.Address, null, "root");
        await using ShareClient client = await ShareClient.OpenAsync(
            new ShareClientOptions
            {
                Server = live.Server.Address, OutboxPath = directory["outbox.db"],
                CredentialsPath = directory["credentials.json"], CreatorCapId = live.RootToken.CapId,
                Transport = TransportOf(live.Server.Address, version),
            },
            cancellationToken: live.Timeout);
        ShareWriter share = await client.CreateShareAsync("key", null, live.Timeout);
        foreach (string id in (string[])["one", "two", "three"])
        {
            OpIntent op = ServerRooms.Put(id, "{}", id);
            await share.EnqueueAsync([op], cancellationToken: live.Timeout);
            await client.FlushAsync(live.Timeout);
        }

        Assert.Equal((0L, 3L), (share.Status.Failed, share.Status.Applied));
        await using var owner = await ShareRpc.Client.Admin.AdminClient.OpenShareAsync(share.OwnerLink!, live.Timeout);
        await owner.EndShareAsync();
        return share.ViewerLink!;
    }

    private static TransportFactory TransportOf(Uri server, string version) => async (_, cancellationToken) =>
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(Subprotocols.V1Json);
        await socket.ConnectAsync(
            new UriBuilder(server) { Scheme = "ws", Path = "/rpc" }.Uri, cancellationToken);
        return new WebSocketMessageHandler(
            new RewritingSocket(socket, version == Older ? ToOlder : ToNewer), WebSocketTransport.NewFormatter());
    };

    /// <summary>Takes away what was added to the version since it began.</summary>
    private static void ToOlder(JsonObject message)
    {
        if (message["result"] is not JsonObject result) return;
        foreach (JsonObject one in new[] { result, result["page"] as JsonObject }.OfType<JsonObject>())
            foreach (string name in (string[])["features", "generation", "kept_until_ms", "writing"]) one.Remove(name);
        (result["limits"] as JsonObject)?.Remove("credit_bytes");
    }

    /// <summary>Adds members, limits, features and an extension that nobody knows yet.</summary>
    private static void ToNewer(JsonObject message)
    {
        if (message["result"] is not JsonObject result) return;
        result["later"] = new JsonObject { ["more"] = new JsonArray(1, 2) };
        if (result["limits"] is JsonObject limits) limits["later_bytes"] = 1;
        if (result["features"] is not JsonObject features) return;
        foreach (string name in (string[])["methods", "caveats", "extensions"]) features[name]!.AsArray().Add("later");
    }
}
