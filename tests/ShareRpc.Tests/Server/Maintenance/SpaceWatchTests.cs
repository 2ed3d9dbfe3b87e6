using System.Net;
using ShareRpc.Client;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Maintenance;

public sealed class SpaceWatchTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task Below_the_floor_appends_wait_while_reads_and_revocations_go_on()
    {
        var options = new ServerOptions
        {
            DataDirectory = directory["data"], Urls = "http://127.0.0.1:0",
            ServerLimits = ServerLimits.Default with
            {
                SpaceInterval = TimeSpan.FromMilliseconds(20), StorageRetryAfter = TimeSpan.FromMilliseconds(20),
            },
        };
        await using ShareRpcServer server = await ShareRpcServer.StartAsync(options, cancellationToken: timeout);
        await using ShareClient client = await OpenAsync(server);
        ShareWriter share = await client.CreateShareAsync("test", null, timeout);
        await share.EnqueueAsync([Op()], cancellationToken: timeout);
        await client.FlushAsync(timeout);

        options.MinFreeSpace = long.MaxValue;
        await ReadyAsync(server, HttpStatusCode.ServiceUnavailable);
        await share.EnqueueAsync([Op()], cancellationToken: timeout);
        ShareLink guest = await share.InviteAsync(Rights.Read, "guest", cancellationToken: timeout);
        await share.RevokeAsync(guest.Token.CapId, timeout);
        while ((await share.ListRequestsAsync(timeout)).Count > 0) await share.Changed.WaitAsync(timeout);
        await using var reader = new ShareReader(share.ViewerLink!);
        await foreach (LoggedOp op in reader.FollowAsync(0, timeout))
        {
            Assert.Equal(1, op.Cursor);
            break;
        }

        Assert.Equal(1, share.Status.Pending + share.Status.InFlight);
        options.MinFreeSpace = 0;
        await client.FlushAsync(timeout);
        Assert.Equal(2, share.Status.Applied);
        await ReadyAsync(server, HttpStatusCode.OK);
    }

    public void Dispose() => directory.Dispose();

    private static OpIntent Op() => new()
    {
        OpId = OpId.New(), Verb = Verbs.Put, Kind = "note", Key = OpId.New(), Data = RawJson.Parse("{}"),
    };

    private async Task ReadyAsync(ShareRpcServer server, HttpStatusCode wanted)
    {
        using var http = new HttpClient { BaseAddress = server.Address };
        while (true)
        {
            using HttpResponseMessage answer = await http.GetAsync("/readyz", timeout);
            if (answer.StatusCode == wanted) return;
        }
    }

    private async Task<ShareClient> OpenAsync(ShareRpcServer server)
    {
        string text = (await File.ReadAllTextAsync(server.RootTokenPath, timeout)).Trim();
        Assert.True(ShareToken.TryParse(text, out ShareToken? root));
        string credentials = directory["credentials.json"];
        new CredentialStore(credentials).Add(root, server.Address, null, "root");
        return await ShareClient.OpenAsync(new ShareClientOptions
        {
            Server = server.Address, OutboxPath = directory["outbox.db"], CredentialsPath = credentials,
            CreatorCapId = root.CapId, FirstRetry = TimeSpan.FromMilliseconds(20),
            MaxRetry = TimeSpan.FromMilliseconds(100),
        }, cancellationToken: timeout);
    }
}
