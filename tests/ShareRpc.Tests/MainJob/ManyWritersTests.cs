using ShareRpc.Client;
using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Tests.MainJob;

public sealed class ManyWritersTests
{
    private const int Writers = 4;
    private const int OpsEach = 150;
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task Invariant_I1_cursors_are_gapless_and_each_writers_ops_keep_their_order()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        List<LoggedOp> log = await WriteAsync(
            server, writer => [.. Ops.Numbered(OpsEach).Select(op => op with { Key = $"{writer}-{op.Key}" })]);

        Assert.Equal(Enumerable.Range(1, Writers * OpsEach).Select(i => (long)i), log.Select(op => op.Cursor));
        foreach (IGrouping<string?, LoggedOp> ops in log.GroupBy(op => op.WriterId))
        {
            Assert.Equal(Enumerable.Range(1, OpsEach).Select(i => (long?)i), ops.Select(op => op.Seq));
            Assert.Equal(Enumerable.Range(1, OpsEach).Select(i => $"p{i}"),
                ops.Select(op => op.Key[(op.Key.IndexOf('-') + 1)..]));
        }
    }

    [Fact]
    public async Task Invariant_I2_an_op_id_that_every_writer_sends_at_once_is_applied_once()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        OpIntent[] same = Ops.Numbered(OpsEach);
        List<LoggedOp> log = await WriteAsync(server, _ => same);

        Assert.Equal(same.Select(op => op.OpId).Order(), log.Select(op => op.OpId).Order());
    }

    /// <summary>Several outboxes write into one share at the same time; the log they make.</summary>
    private async Task<List<LoggedOp>> WriteAsync(RunningServer server, Func<int, OpIntent[]> opsOf)
    {
        await using ShareClient owner = await server.OpenClientAsync();
        ShareWriter share = await owner.CreateShareAsync("test:1", null, timeout);
        await share.FlushAsync(timeout);
        ShareLink link = share.OwnerLink!;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(async i =>
        {
            await using ShareClient client = await server.OpenClientAsync($"writer-{i}");
            ShareWriter writer = await client.JoinShareAsync("joined", link, timeout);
            foreach (OpIntent[] ops in opsOf(i).Chunk(7)) await writer.EnqueueAsync(ops, cancellationToken: timeout);
            await writer.FlushAsync(timeout);
            Assert.Equal((0, OpsEach), (writer.Status.Failed, (int)writer.Status.Acked));
        }));

        await using var reader = new ShareReader(link);
        var log = new List<LoggedOp>();
        OpPage page;
        do
        {
            page = await reader.ReadOpsAsync(log.Count, timeout);
            log.AddRange(page.Ops);
        }
        while (page.Cursor < page.Head);
        return log;
    }
}
