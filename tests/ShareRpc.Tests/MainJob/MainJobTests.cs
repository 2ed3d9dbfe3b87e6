using ShareRpc.Client;
using ShareRpc.Client.Admin;
using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;

namespace ShareRpc.Tests.MainJob;

public sealed class MainJobTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task What_is_enqueued_reaches_a_reader_that_was_there_before()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using ShareClient client = await server.OpenClientAsync();
        ShareWriter writer = await client.CreateShareAsync("test:1", "A session", timeout);
        await using var reader = new ShareReader(
            writer.ViewerLink!, new ShareReaderOptions { InvalidTokenPatience = TimeSpan.FromMinutes(3) });
        Task<List<LoggedOp>> reading = TakeAsync(reader, 30);

        foreach (OpIntent op in Ops.Numbered(30)) await writer.EnqueueAsync([op], cancellationToken: timeout);

        List<LoggedOp> ops = await reading;
        Assert.Equal(Enumerable.Range(1, 30).Select(i => (long)i), ops.Select(op => op.Cursor));
        Assert.Equal(Enumerable.Range(1, 30).Select(i => $"p{i}"), ops.Select(op => op.Key));
        await writer.FlushAsync(timeout);
        Assert.Equal((0, 0, 0, 30),
            (writer.Status.Pending, writer.Status.InFlight, writer.Status.Failed, writer.Status.Applied));
    }

    [Fact]
    public async Task A_share_made_offline_arrives_when_the_server_comes()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await server.StopAsync();
        await using ShareClient client = await server.OpenClientAsync();
        ShareWriter writer = await client.CreateShareAsync("test:1", "A session", timeout);
        ShareLink second = await writer.InviteAsync(Rights.Read, "second", cancellationToken: timeout);
        await writer.EnqueueAsync(Ops.Numbered(2_500), cancellationToken: timeout);
        Assert.Equal(2_500, writer.Status.Pending + writer.Status.InFlight);

        await server.StartAgainAsync();
        await writer.FlushAsync(timeout);

        foreach (ShareLink link in new[] { writer.ViewerLink!, second })
        {
            await using var reader = new ShareReader(link);
            ShareSnapshot snapshot = await reader.ReadStateAsync(timeout);
            Assert.Equal(2_500, snapshot.Documents.Count);
            Assert.Equal(2_500, snapshot.Cursor);
        }
    }

    [Fact]
    public async Task A_reader_goes_on_from_its_cursor_after_the_server_restarted()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using ShareClient client = await server.OpenClientAsync();
        ShareWriter writer = await client.CreateShareAsync("test:1", null, timeout);
        await writer.EnqueueAsync(Ops.Numbered(3), cancellationToken: timeout);
        await writer.FlushAsync(timeout);
        await using var reader = new ShareReader(writer.ViewerLink!);
        await using IAsyncEnumerator<LoggedOp> follow = reader.FollowAsync(0, timeout).GetAsyncEnumerator(timeout);
        for (int i = 1; i <= 3; i++) Assert.True(await follow.MoveNextAsync());

        ValueTask<bool> next = follow.MoveNextAsync();
        await server.StopAsync();
        await writer.EnqueueAsync([Ops.Put("late", "{}")], cancellationToken: timeout);
        await server.StartAgainAsync();

        Assert.True(await next);
        Assert.Equal((4, "late"), (follow.Current.Cursor, follow.Current.Key));
    }

    [Fact]
    public async Task A_reader_far_behind_a_compacted_share_reads_the_state_and_follows_on_from_there()
    {
        await using RunningServer server = await RunningServer.StartAsync(
            ServerLimits.Default with { FoldOps = 1, FoldInterval = TimeSpan.FromMilliseconds(20), RingOps = 1 },
            compactAfterOps: 2);
        await using ShareClient client = await server.OpenClientAsync();
        ShareWriter writer = await client.CreateShareAsync("test:1", "A share", timeout);
        for (int i = 0; i < 20; i++)
        {
            await writer.EnqueueAsync([Ops.Put("k", $$"""{"v":{{i}}}""")], null, timeout);
            await writer.FlushAsync(timeout);
        }

        await using var reader = new ShareReader(writer.ViewerLink!);
        long gap = 0;
        while (gap < 18)
        {
            timeout.ThrowIfCancellationRequested();
            gap = (await reader.ReadOpsAsync(0, timeout)).Gap ?? 0; // compaction comes in the background
        }

        await Assert.ThrowsAsync<ShareGapException>(async () =>
        {
            await foreach (LoggedOp op in reader.FollowAsync(0, timeout)) Assert.Fail($"{op.Cursor} was given");
        });
        ShareSnapshot state = await reader.ReadStateAsync(timeout);
        Assert.Equal("""{"v":19}""", Assert.Single(state.Documents).Data.ToString());
        await writer.EnqueueAsync([Ops.Put("k", """{"v":20}""")], null, timeout);
        await foreach (LoggedOp op in reader.FollowAsync(state.Cursor, timeout))
        {
            Assert.Equal((21L, """{"v":20}"""), (op.Cursor, op.Data!.Value.ToString()));
            break;
        }
    }

    [Fact]
    public async Task Invariant_I7_after_a_revocation_has_answered_nothing_is_read_or_appended()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using ShareClient client = await server.OpenClientAsync();
        ShareWriter writer = await client.CreateShareAsync("test:1", null, timeout);
        await writer.EnqueueAsync(Ops.Numbered(1), cancellationToken: timeout);
        await writer.FlushAsync(timeout);
        await using var reader = new ShareReader(writer.ViewerLink!);
        Task<List<LoggedOp>> reading = TakeAsync(reader, 2);
        await using AdminClient root = await server.OpenRootAsync();
        CapabilityInfo owner =
            Assert.Single(await root.ListCapabilitiesAsync(timeout), cap => cap.CapId == writer.AppendCapId);

        await root.RevokeCapabilityAsync(owner.CapId);
        ShareRpcException ended = await Assert.ThrowsAsync<ShareRpcException>(() => reading.WaitAsync(timeout));

        // The viewer's ref is a child of the owner's: it died with it.
        Assert.Equal(ErrorCode.CapabilityRevoked, ended.Code);
        await using var again = new ShareReader(writer.ViewerLink!);
        Assert.Equal(ErrorCode.CapabilityRevoked,
            (await Assert.ThrowsAsync<ShareRpcException>(() => again.ReadOpsAsync(0, timeout))).Code);
        await writer.EnqueueAsync([Ops.Put("after", "{}")], cancellationToken: timeout);
        await writer.FlushAsync(timeout);
        Assert.Equal((1, "capability_revoked"), (writer.Status.Failed, writer.Status.ClosedCode));
        Assert.Equal(1, Assert.Single(await root.ListSharesAsync(timeout)).Cursor);
    }

    private async Task<List<LoggedOp>> TakeAsync(ShareReader reader, int count)
    {
        var ops = new List<LoggedOp>();
        await foreach (LoggedOp op in reader.FollowAsync(0, timeout))
        {
            ops.Add(op);
            if (ops.Count == count) break;
        }

        return ops;
    }
}
