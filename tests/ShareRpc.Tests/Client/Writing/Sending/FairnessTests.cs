using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Client.Writing.Sending;

/// <summary>Shares do not hold each other up, and a revocation is not held up by ops.</summary>
public class FairnessTests : ClientTest
{
    [Fact]
    public async Task A_poisoned_share_does_not_hold_up_another()
    {
        (_, ShareLink bad) = AddShare();
        (ScriptedShare good, ShareLink goodLink) = AddShare();
        Server.Refuse = call =>
        {
            if (call is RedeemShareRequest redeem && redeem.Token == bad.Token.Reveal())
            {
                throw new ShareRpcException(ErrorCode.StorageUnavailable);
            }
        };
        await using ShareClient client = await OpenAsync();
        ShareWriter stuck = await client.JoinShareAsync("test:bad", bad, Timeout);
        ShareWriter free = await client.JoinShareAsync("test:good", goodLink, Timeout);
        await stuck.EnqueueAsync(Puts(3), null, Timeout);
        await free.EnqueueAsync(Puts(3), null, Timeout);
        await free.FlushAsync(Timeout);

        Assert.Equal(3, LoggedIds(good).Count);
        Assert.Equal(3, stuck.Status.Pending + stuck.Status.InFlight);
    }

    [Fact]
    public async Task A_frame_that_the_server_cannot_take_costs_only_the_op_that_is_too_large()
    {
        // Smaller than announced: a proxy in between, say. Other shares are on the same connection.
        Server.FrameBytes = 20_000;
        (ScriptedShare share, ShareLink link) = AddShare();
        (ScriptedShare other, ShareLink otherLink) = AddShare();
        await using (ShareClient offline = await OpenOfflineAsync())
        {
            ShareWriter stored = await offline.JoinShareAsync("test:1", link, Timeout);
            ShareWriter beside = await offline.JoinShareAsync("test:2", otherLink, Timeout);
            await stored.EnqueueAsync(Puts(10, "a-", $$"""{"text":"{{new string('x', 5_000)}}"}"""), null, Timeout);
            await stored.EnqueueAsync([Put("huge", $$"""{"text":"{{new string('x', 50_000)}}"}""")], null, Timeout);
            await stored.EnqueueAsync(Puts(10, "b-", $$"""{"text":"{{new string('x', 5_000)}}"}"""), null, Timeout);
            for (int i = 0; i < 5; i++) await beside.EnqueueAsync([Put($"single-{i}")], null, Timeout);
        }

        await using ShareClient client = await OpenAsync();
        await client.FlushAsync(Timeout);

        Assert.Equal(20, LoggedIds(share).Count);
        Assert.Equal(5, LoggedIds(other).Count);
        ShareWriter writer = client.FindShare("test:1")!;
        FailedOp parked = Assert.Single(await writer.ListFailedAsync(cancellationToken: Timeout));
        Assert.Equal(("huge", "too_large"), (parked.OpId, parked.Code));
        Assert.Equal(0, client.FindShare("test:2")!.Status.Failed);
    }

    [Fact]
    public async Task A_revocation_does_not_wait_for_a_long_queue()
    {
        Server.Limits = new ProtocolLimits { BatchOps = 1 };
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.CreateShareAsync("test:1", null, Timeout);
        ShareLink guest = await writer.InviteAsync(Rights.Read, "guest", null, Timeout);
        await writer.EnqueueAsync(Puts(1, "first-"), null, Timeout);
        await client.FlushAsync(Timeout);
        int batches = 0;
        int batchesBefore = 0;
        var revoked = new TaskCompletionSource();
        Server.Refuse = call =>
        {
            if (call is not RevokeCapabilityRequest) return;
            batchesBefore = batches;
            revoked.SetResult();
        };
        Task queued = Task.CompletedTask;
        Server.BeforeAck = _ =>
        {
            if (++batches == 1) queued = writer.RevokeAsync(guest.Token.CapId, Timeout);
            return queued;
        };
        await writer.EnqueueAsync(Puts(200), null, Timeout);
        await revoked.Task.WaitAsync(Timeout);
        await client.FlushAsync(Timeout);

        Assert.InRange(batchesBefore, 1, 2 * Options.BatchesInFlight);
        Assert.Equal(201, writer.Status.Applied);
    }

    [Fact]
    public async Task A_revocation_does_not_wait_for_a_refused_append_to_be_tried_again()
    {
        var time = new ManualTimeProvider();
        await using ShareClient client = await OpenAsync(time);
        ShareWriter writer = await client.CreateShareAsync("test:1", null, Timeout);
        ShareLink guest = await writer.InviteAsync(Rights.Read, "guest", null, Timeout);
        await client.FlushAsync(Timeout);
        Server.AnswerBatch = _ =>
            throw new ShareRpcException(ErrorCode.Overloaded) { RetryAfter = TimeSpan.FromHours(1) };
        await writer.EnqueueAsync(Puts(3), null, Timeout);
        await time.TimerAsync(due => due >= TimeSpan.FromHours(1)).WaitAsync(Timeout);

        await writer.RevokeAsync(guest.Token.CapId, Timeout);
        Assert.Equal(guest.Token.CapId, (await Server.NextAsync<RevokeCapabilityRequest>(Timeout)).CapId);
    }

    [Fact]
    public async Task More_shares_than_lanes_all_get_their_turn()
    {
        Options = Options with { SharesAtOnce = 2 };
        await using ShareClient client = await OpenAsync();
        List<ShareWriter> writers = [];
        for (int i = 0; i < 7; i++) writers.Add(await client.CreateShareAsync($"test:{i}", null, Timeout));
        for (int round = 0; round < 3; round++)
        {
            foreach (ShareWriter writer in writers) await writer.EnqueueAsync(Puts(2, $"{round}-"), null, Timeout);
        }

        await client.FlushAsync(Timeout);
        Assert.All(writers, writer => Assert.Equal(6, writer.Status.Applied));
    }

    [Fact]
    public async Task Shares_that_the_server_refuses_for_now_do_not_keep_the_lanes_from_the_others()
    {
        Options = Options with { SharesAtOnce = 2 };
        List<ShareLink> bad = [AddShare().Link, AddShare().Link];
        (ScriptedShare good, ShareLink goodLink) = AddShare();
        Server.Refuse = call =>
        {
            if (call is RedeemShareRequest redeem && bad.Exists(link => link.Token.Reveal() == redeem.Token))
            {
                throw new ShareRpcException(ErrorCode.CapabilitySuspended);
            }
        };
        await using ShareClient client = await OpenAsync();
        foreach (ShareLink link in bad)
        {
            await (await client.JoinShareAsync(link.ShareId, link, Timeout)).EnqueueAsync(Puts(1), null, Timeout);
        }
        ShareWriter free = await client.JoinShareAsync("test:good", goodLink, Timeout);
        await free.EnqueueAsync(Puts(3), null, Timeout);
        await free.FlushAsync(Timeout);

        Assert.Equal(3, LoggedIds(good).Count);
    }
}
