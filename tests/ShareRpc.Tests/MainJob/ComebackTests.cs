using ShareRpc.Client;
using ShareRpc.Client.Admin;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Tests.MainJob;

/// <summary>A writer whose access is suspended, rotated or used up under it.</summary>
public sealed class ComebackTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task A_suspended_writer_keeps_its_queue_and_sends_it_when_it_is_resumed()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using ShareClient client = await OpenAsync(server);
        await using AdminClient root = await server.OpenRootAsync();
        ShareWriter share = await client.CreateShareAsync("test:1", null, timeout);
        await share.EnqueueAsync(Ops.Numbered(2), null, timeout);
        await share.FlushAsync(timeout);
        await root.SuspendCapabilityAsync(share.AppendCapId);
        await share.EnqueueAsync([Ops.Put("later", "{}")], null, timeout);
        await UntilRefusedAsync(share, client);
        WriterStatus suspended = share.Status;

        await root.ResumeCapabilityAsync(share.AppendCapId);
        await share.FlushAsync(timeout);

        Assert.Equal((1, null, 0L), (suspended.Pending + suspended.InFlight, suspended.ClosedCode, suspended.Failed));
        Assert.Equal((3L, null, 0L), (share.Status.Applied, share.Status.ClosedCode, share.Status.Failed));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_writer_whose_token_is_rotated_on_its_machine_goes_on_also_when_the_answer_was_lost(
        bool isAnswered)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        ShareClientOptions options = Options(server);
        await using ShareClient client = await ShareClient.OpenAsync(options, null, true, timeout);
        await using AdminClient root = await server.OpenRootAsync();
        ShareWriter share = await client.CreateShareAsync("test:1", null, timeout);
        await share.EnqueueAsync(Ops.Numbered(2), null, timeout);
        await share.FlushAsync(timeout);
        ShareToken next = ShareToken.New(share.AppendCapId);
        var store = new CredentialStore(options.CredentialsPath);
        store.AddNext(next, server.Address, share.ShareId, null);
        await root.RotateCapabilityAsync(new RotateCapabilityRequest { CapId = next.CapId, TokenDigest = next.Digest });
        if (isAnswered) store.Promote(next.CapId);
        await share.EnqueueAsync([Ops.Put("later", "{}")], null, timeout);
        await share.FlushAsync(timeout);

        Assert.Equal((3L, null, 0L), (share.Status.Applied, share.Status.ClosedCode, share.Status.Failed));
    }

    [Fact]
    public async Task A_link_that_is_used_up_is_final_and_what_waits_can_be_exported()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using ShareClient owner = await OpenAsync(server);
        ShareWriter share = await owner.CreateShareAsync("test:1", null, timeout);
        ShareLink link = await share.InviteAsync(
            Rights.Read | Rights.Append, "once", new Caveats { MaxUses = 1 }, cancellationToken: timeout);
        await share.FlushAsync(timeout);
        await using (AdminClient used = await AdminClient.OpenShareAsync(link, timeout)) Assert.Contains("append",
            used.Rights);

        await using ShareClient client = await ShareClient.OpenAsync(Options(server, "second"), null, true, timeout);
        ShareWriter joined = await client.JoinShareAsync("test:2", link, timeout);
        await joined.EnqueueAsync(Ops.Numbered(2), null, timeout);
        await joined.FlushAsync(timeout);

        Assert.Equal((ErrorCodes.NameOf(ErrorCode.CapabilityUsedUp), 2L),
            (joined.Status.ClosedCode, joined.Status.Failed));
        int exported = 0;
        await foreach (ShareRpc.Client.Writing.Outbox.ParkedOp op in joined.ReadParkedAsync(timeout))
        {
            Assert.Equal("capability_used_up", op.Code);
            exported++;
        }

        Assert.Equal(2, exported);
    }

    private static ShareClientOptions Options(RunningServer server, string name = "client") =>
        server.ClientOptions(name) with
    {
        FirstRetry = TimeSpan.FromMilliseconds(5), MaxRetry = TimeSpan.FromMilliseconds(50),
    };

    private Task<ShareClient> OpenAsync(RunningServer server) =>
        ShareClient.OpenAsync(Options(server), null, true, timeout);

    /// <summary>The batch was sent and refused: it is in flight by the outbox's account, and stays.</summary>
    private async Task UntilRefusedAsync(ShareWriter share, ShareClient client)
    {
        while (share.Status.InFlight == 0 || client.Connection != ConnectionState.Connected)
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, timeout);
    }
}
