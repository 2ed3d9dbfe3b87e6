using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Client.Reading;

public class ShareReaderTests : ClientTest
{
    private readonly List<ReaderState> states = [];

    [Fact]
    public async Task Following_gives_what_was_there_and_then_each_new_op()
    {
        (ScriptedShare share, ShareLink link) = AddShare(Rights.Read);
        Append(share, 3);
        await using ShareReader reader = NewReader(link);
        await using IAsyncEnumerator<LoggedOp> ops = reader.FollowAsync(0, Timeout).GetAsyncEnumerator(Timeout);
        Assert.Equal([1L, 2L, 3L], await TakeAsync(ops, 3));
        ValueTask<bool> next = ops.MoveNextAsync();
        await Server.NextAsync<ReadOpsRequest>(Timeout);
        Append(share, 1);

        Assert.True(await next);
        Assert.Equal(4, ops.Current.Cursor);
    }

    [Fact]
    public async Task Following_begins_after_the_cursor_it_is_given()
    {
        (ScriptedShare share, ShareLink link) = AddShare(Rights.Read);
        Append(share, 5);
        await using ShareReader reader = NewReader(link);
        await using IAsyncEnumerator<LoggedOp> ops = reader.FollowAsync(3, Timeout).GetAsyncEnumerator(Timeout);

        Assert.Equal([4L, 5L], await TakeAsync(ops, 2));
    }

    [Fact]
    public async Task Drops_are_resumed_from_the_cursor_without_a_hole_or_a_repeat()
    {
        (ScriptedShare share, ShareLink link) = AddShare(Rights.Read);
        Server.Limits = new ProtocolLimits { PageEntries = 3 };
        Append(share, 40);
        int reads = 0;
        Server.Refuse = call =>
        {
            if (call is ReadOpsRequest && ++reads % 3 == 0) Server.Drop();
        };
        await using ShareReader reader = NewReader(link);
        await using IAsyncEnumerator<LoggedOp> ops = reader.FollowAsync(0, Timeout).GetAsyncEnumerator(Timeout);

        Assert.Equal(Enumerable.Range(1, 40).Select(n => (long)n), await TakeAsync(ops, 40));
        Assert.True(Server.Connects > 3);
        Assert.Contains(ReaderState.Reconnecting, states);
    }

    [Fact]
    public async Task A_server_out_of_reach_is_tried_for_ever()
    {
        (ScriptedShare share, ShareLink link) = AddShare(Rights.Read);
        Append(share, 1);
        Server.IsDown = true;
        await using ShareReader reader = NewReader(link);
        await using IAsyncEnumerator<LoggedOp> ops = reader.FollowAsync(0, Timeout).GetAsyncEnumerator(Timeout);
        ValueTask<bool> first = ops.MoveNextAsync();
        await Server.ConnectedAsync(10, Timeout);
        Server.IsDown = false;

        Assert.True(await first);
    }

    [Theory]
    [InlineData(ErrorCode.CapabilityRevoked)]
    [InlineData(ErrorCode.CapabilityExpired)]
    [InlineData(ErrorCode.ShareDeleted)]
    public async Task Access_that_is_taken_back_ends_following_for_good(ErrorCode code)
    {
        (ScriptedShare share, ShareLink link) = AddShare(Rights.Read);
        await using ShareReader reader = NewReader(link);
        await using IAsyncEnumerator<LoggedOp> ops = reader.FollowAsync(0, Timeout).GetAsyncEnumerator(Timeout);
        ValueTask<bool> next = ops.MoveNextAsync();
        await Server.NextAsync<ReadOpsRequest>(Timeout);
        lock (Server.Gate)
        {
            Server.Refs[link.Token.Digest].DeadCode = code;
            share.Wake();
        }

        Assert.Equal(code, (await Assert.ThrowsAsync<ShareRpcException>(async () => await next)).Code);
        Assert.Equal(1, Server.Connects);
    }

    [Fact]
    public async Task A_suspended_access_and_a_busy_server_are_waited_for()
    {
        (ScriptedShare share, ShareLink link) = AddShare(Rights.Read);
        Append(share, 1);
        ErrorCode[] refusals = [ErrorCode.CapabilitySuspended, ErrorCode.Overloaded, ErrorCode.Draining];
        int calls = 0;
        Server.Refuse = call =>
        {
            if (call is RedeemShareRequest && calls < refusals.Length) throw new ShareRpcException(refusals[calls++]);
        };
        await using ShareReader reader = NewReader(link);
        await using IAsyncEnumerator<LoggedOp> ops = reader.FollowAsync(0, Timeout).GetAsyncEnumerator(Timeout);

        Assert.Equal([1L], await TakeAsync(ops, 1));
        Assert.Equal(3, calls);
    }

    [Fact]
    public async Task A_call_that_the_server_gives_up_as_it_stops_is_made_again()
    {
        (ScriptedShare share, ShareLink link) = AddShare(Rights.Read);
        Append(share, 1);
        int calls = 0;
        Server.Refuse = call =>
        {
            if (call is ReadOpsRequest && ++calls == 1) throw new OperationCanceledException();
        };
        await using ShareReader reader = NewReader(link);
        await using IAsyncEnumerator<LoggedOp> ops = reader.FollowAsync(0, Timeout).GetAsyncEnumerator(Timeout);

        Assert.Equal([1L], await TakeAsync(ops, 1));
    }

    [Fact]
    public async Task A_link_that_is_not_there_yet_is_tried_as_long_as_the_option_says()
    {
        var time = new ManualTimeProvider();
        var link = new ShareLink(ServerAddress, RandomId.New(), ShareToken.New(RandomId.New()));
        ShareReaderOptions options = ReaderOptions with
        {
            InvalidTokenPatience = TimeSpan.FromMinutes(3), MaxRetry = TimeSpan.FromSeconds(1),
        };
        await using var reader = new ShareReader(link, options, time);
        Task<OpPage> read = reader.ReadOpsAsync(0, Timeout);
        DateTimeOffset start = time.GetUtcNow();
        while (!read.IsCompleted)
        {
            Task<TimeSpan> timer = time.TimerAsync(_ => true);
            await Task.WhenAny(timer, read).WaitAsync(Timeout);
            if (timer.IsCompleted) time.Advance(await timer);
        }

        Assert.Equal(ErrorCode.InvalidToken, (await Assert.ThrowsAsync<ShareRpcException>(() => read)).Code);
        Assert.InRange(time.GetUtcNow() - start, TimeSpan.FromMinutes(3), TimeSpan.FromMinutes(3)
            + TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task Without_patience_a_wrong_link_is_final_at_once()
    {
        var link = new ShareLink(ServerAddress, RandomId.New(), ShareToken.New(RandomId.New()));
        await using ShareReader reader = NewReader(link);

        ShareRpcException error = await Assert.ThrowsAsync<ShareRpcException>(() => reader.ReadOpsAsync(0, Timeout));
        Assert.Equal(ErrorCode.InvalidToken, error.Code);
        Assert.DoesNotContain(link.Token.Reveal(), error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_of_another_share_than_the_link_names_is_refused()
    {
        (_, ShareLink link) = AddShare(Rights.Read);
        await using ShareReader reader = NewReader(new ShareLink(link.Server, RandomId.New(), link.Token));

        Assert.Equal(ErrorCode.InvalidToken,
            (await Assert.ThrowsAsync<ShareRpcException>(() => reader.ReadOpsAsync(0, Timeout))).Code);
    }

    [Fact]
    public async Task Invariant_I5_a_hole_left_by_compaction_is_an_explicit_gap()
    {
        (ScriptedShare share, ShareLink link) = AddShare(Rights.Read);
        Append(share, 10);
        share.CompactedTo = 6;
        await using ShareReader reader = NewReader(link);
        ShareGapException gap = await Assert.ThrowsAsync<ShareGapException>(async () =>
        {
            await foreach (LoggedOp op in reader.FollowAsync(2, Timeout)) Assert.Fail($"{op.Cursor}");
        });
        Assert.Equal(6, gap.Cursor);

        await using IAsyncEnumerator<LoggedOp> ops =
            reader.FollowAsync(gap.Cursor, Timeout).GetAsyncEnumerator(Timeout);
        Assert.Equal([7L, 8L, 9L, 10L], await TakeAsync(ops, 4));
    }

    [Fact]
    public async Task Invariant_I12_a_restored_log_is_a_gap_until_the_state_was_read_and_to_who_already_follows()
    {
        (ScriptedShare share, ShareLink link) = AddShare(Rights.Read);
        Append(share, 3);
        await using ShareReader reader = NewReader(link);
        await using IAsyncEnumerator<LoggedOp> ops = reader.FollowAsync(0, Timeout).GetAsyncEnumerator(Timeout);
        await TakeAsync(ops, 3);
        share.Generation = 7;
        Append(share, 2);
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(5, (await reader.ReadOpsAsync(3, Timeout)).Gap);
            Assert.Equal(0, reader.Generation);
        }

        ShareSnapshot state = await reader.ReadStateAsync(Timeout);
        Assert.Equal((5, 7), (state.Cursor, reader.Generation));
        Assert.Null((await reader.ReadOpsAsync(state.Cursor, Timeout)).Gap);
        await Assert.ThrowsAsync<ShareGapException>(async () => await ops.MoveNextAsync());
    }

    [Fact]
    public async Task Invariant_I5_a_server_that_skips_a_cursor_is_not_believed()
    {
        (ScriptedShare share, ShareLink link) = AddShare(Rights.Read);
        Append(share, 5);
        share.Log.RemoveAt(2);
        await using ShareReader reader = NewReader(link);
        var seen = new List<long>();
        await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await foreach (LoggedOp op in reader.FollowAsync(0, Timeout)) seen.Add(op.Cursor);
        });

        Assert.Equal([1L, 2L], seen);
    }

    [Fact]
    public async Task The_end_of_a_share_is_the_end_of_following()
    {
        (ScriptedShare share, ShareLink link) = AddShare(Rights.Read);
        Server.Limits = new ProtocolLimits { PageEntries = 2 };
        Append(share, 3);
        share.IsEnded = true;
        await using ShareReader reader = NewReader(link);
        var seen = new List<long>();
        await foreach (LoggedOp op in reader.FollowAsync(0, Timeout)) seen.Add(op.Cursor);

        Assert.Equal([1L, 2L, 3L], seen);
        Assert.Equal([ReaderState.Connecting, ReaderState.CatchingUp, ReaderState.Live, ReaderState.Ended], states);
    }

    [Fact]
    public async Task The_state_is_read_whole_page_by_page_and_followed_from_its_first_page()
    {
        (ScriptedShare share, ShareLink link) = AddShare(Rights.Read);
        Server.Limits = new ProtocolLimits { PageEntries = 2 };
        Append(share, 5);
        int pages = 0;
        Server.Refuse = call =>
        {
            // While the pages are read, the share goes on.
            if (call is GetStateRequest && ++pages == 2) Append(share, 1, "z-");
        };
        await using ShareReader reader = NewReader(link);
        ShareSnapshot snapshot = await reader.ReadStateAsync(Timeout);

        Assert.Equal(5, snapshot.Cursor);
        Assert.Equal(6, snapshot.Documents.Count);
        Assert.Equal(3, pages);
    }

    [Fact]
    public async Task Cancelling_ends_a_waiting_read()
    {
        (_, ShareLink link) = AddShare(Rights.Read);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Timeout);
        await using ShareReader reader = NewReader(link);
        await using IAsyncEnumerator<LoggedOp> ops =
            reader.FollowAsync(0, enough.Token).GetAsyncEnumerator(CancellationToken.None);
        ValueTask<bool> next = ops.MoveNextAsync();
        await Server.NextAsync<ReadOpsRequest>(Timeout);
        await enough.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
    }

    [Fact]
    public async Task Resuming_costs_one_message_which_brings_the_first_page()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        await using ShareReader reader = NewReader(link);
        Append(share, 3);
        await using IAsyncEnumerator<LoggedOp> ops = reader.FollowAsync(0, Timeout).GetAsyncEnumerator(Timeout);
        for (int i = 0; i < 3; i++) Assert.True(await ops.MoveNextAsync());
        Assert.IsType<RedeemShareRequest>(Assert.Single(Received()));

        Task<bool> next = ops.MoveNextAsync().AsTask();
        await Server.NextAsync<ReadOpsRequest>(Timeout);
        Append(share, 2);
        Assert.True(await next);
        Received();
        Server.Drop();
        Append(share, 2);
        for (int i = 0; i < 3; i++) Assert.True(await ops.MoveNextAsync());

        Assert.Equal(7, ops.Current.Cursor);
        RedeemShareRequest resumed = Assert.IsType<RedeemShareRequest>(Assert.Single(Received()));
        Assert.Equal(5, resumed.Read!.After);
    }

    private ShareReaderOptions ReaderOptions => new()
    {
        FirstRetry = TimeSpan.FromMilliseconds(1), MaxRetry = TimeSpan.FromMilliseconds(20),
        Transport = Server.ConnectAsync, OnState = states.Add,
    };

    private ShareReader NewReader(ShareLink link) => new(link, ReaderOptions);

    private void Append(ScriptedShare share, int count, string prefix = "op-")
    {
        lock (Server.Gate)
        {
            foreach (OpIntent op in Puts(count, $"{prefix}{share.Log.Count}-"))
                share.Add("writer", null, op with { Key = op.OpId });
            share.Wake();
        }
    }

    private static async Task<List<long>> TakeAsync(IAsyncEnumerator<LoggedOp> ops, int count)
    {
        var cursors = new List<long>();
        while (cursors.Count < count && await ops.MoveNextAsync()) cursors.Add(ops.Current.Cursor);
        return cursors;
    }
}
