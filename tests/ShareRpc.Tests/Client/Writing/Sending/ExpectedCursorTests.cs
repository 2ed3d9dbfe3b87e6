using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Client.Writing.Sending;

/// <summary>Groups that expect the share's head, through the outbox.</summary>
public class ExpectedCursorTests : ClientTest
{
    private static readonly EnqueueOptions AtTwo = new() { ExpectedCursor = 2 };

    [Fact]
    public async Task A_group_goes_as_one_batch_that_says_what_it_expects_though_replies_are_lost()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        var sent = new List<OpBatch>();
        int losses = 0;
        Server.BeforeAck = batch =>
        {
            sent.Add(batch);
            if (batch.ExpectedCursor is not null && ++losses <= 2) Server.Drop();
            return Task.CompletedTask;
        };
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(2), null, Timeout);
        await writer.EnqueueAsync(Puts(3, "group-"), AtTwo, Timeout);
        await writer.EnqueueAsync(Puts(1, "later-"), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(["op-1", "op-2", "group-1", "group-2", "group-3", "later-1"], LoggedIds(share));
        OpBatch[] groups = [.. sent.Where(batch => batch.ExpectedCursor is not null)];
        Assert.True(groups.Length >= 2);
        Assert.All(groups, batch =>
        {
            Assert.Equal((2L, true), (batch.ExpectedCursor, batch.Atomic));
            Assert.Equal(["group-1", "group-2", "group-3"], batch.Ops.Select(op => op.OpId));
            Assert.Equal(3, batch.Ops[0].Seq);
        });
        Assert.Equal((0L, 0L), (writer.Status.Failed, writer.Status.Pending));
    }

    [Fact]
    public async Task What_a_group_expects_survives_a_crash_before_it_was_sent()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        await using (ShareClient offline = await OpenOfflineAsync())
        {
            ShareWriter before = await offline.JoinShareAsync("test:1", link, Timeout);
            await before.EnqueueAsync(Puts(1), null, Timeout);
            await before.EnqueueAsync(Puts(2, "group-"), new EnqueueOptions { ExpectedCursor = 1 }, Timeout);
        }

        var expected = new List<long?>();
        Server.AnswerBatch = batch =>
        {
            expected.Add(batch.ExpectedCursor);
            return null;
        };
        await using ShareClient client = await OpenAsync();
        await client.FlushAsync(Timeout);

        Assert.Equal([null, 1L], expected.Distinct());
        Assert.Equal(["op-1", "group-1", "group-2"], LoggedIds(share));
    }

    [Fact]
    public async Task A_group_that_meets_another_head_is_parked_whole_and_others_go_on()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        Server.AnswerBatch = batch => batch.ExpectedCursor is null or 7
            ? null : throw new ShareRpcException(ErrorCode.CursorMismatch) { Head = 9 };
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(2, "group-"), AtTwo, Timeout);
        await writer.EnqueueAsync(Puts(2, "later-"), null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(["later-1", "later-2"], LoggedIds(share));
        Assert.Equal(
            [("group-1", "cursor_mismatch"), ("group-2", "cursor_mismatch")],
            (await writer.ListFailedAsync(cancellationToken: Timeout)).Select(op => (op.OpId, op.Code)));
        Assert.Equal(2, await writer.DropAsync("group-1", Timeout));
    }

    [Fact]
    public async Task A_negative_cursor_is_refused()
    {
        (_, ShareLink link) = AddShare();
        await using ShareClient client = await OpenOfflineAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await Assert.ThrowsAsync<ArgumentException>(
            () => writer.EnqueueAsync(Puts(1), new EnqueueOptions { ExpectedCursor = -1 }, Timeout));
    }
}
