using ShareRpc.Client;
using ShareRpc.Client.Admin;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Tests.MainJob;

namespace ShareRpc.Tests.Client.Admin;

/// <summary>Batches past the outbox, which may say what they expect, against a real server.</summary>
public sealed class AppendAtOnceTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task A_batch_lands_at_the_cursor_that_it_expects_or_not_at_all_and_whole_if_it_is_atomic()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using ShareClient client = await server.OpenClientAsync();
        ShareWriter writer = await client.CreateShareAsync("test:1", null, timeout);
        await writer.FlushAsync(timeout);
        await using AdminClient access = await AdminClient.OpenShareAsync(writer.OwnerLink!, timeout);

        Ack first = await access.AppendAsync(Batch(Put("a")) with { ExpectedCursor = 0 });
        var late = await Assert.ThrowsAsync<ShareRpcException>(
            () => access.AppendAsync(Batch(Put("b")) with { ExpectedCursor = 0 }));
        Ack halved = await access.AppendAsync(Batch(Put("b"), Put("c") with { Kind = "No" }) with { Atomic = true });
        Ack whole =
            await access.AppendAsync(Batch(Put("b"), Put("c")) with { Atomic = true, ExpectedCursor = 1 });

        Assert.Equal((1L, ErrorCode.CursorMismatch, ErrorAction.Ask), (first.Cursor, late.Code, late.Action));
        Assert.Empty(halved.Applied);
        Assert.Equal(["atomic_aborted", "invalid_op"], halved.Rejected.Select(op => op.Code).Order());
        Assert.Equal(["b", "c"], whole.Applied.Select(op => op.OpId));
    }

    private static OpBatch Batch(params OpIntent[] ops) => new() { BatchId = OpId.New(), Ops = ops };

    private static OpIntent Put(string opId) =>
        new() { OpId = opId, Verb = Verbs.Put, Kind = Kinds.Part, Key = opId, Data = RawJson.Parse("{}") };
}
