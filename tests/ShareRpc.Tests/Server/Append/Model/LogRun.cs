using System.Globalization;
using System.Text.Json.Nodes;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage;
using ShareRpc.Tests.Server.Storage;
using ShareRpc.Tests.Server.Storage.Model;

namespace ShareRpc.Tests.Server.Append.Model;

/// <summary>
/// Does the same steps to two shares of a real log and to their models, and compares answers, logs and states.
/// </summary>
internal sealed class LogRun : IDisposable
{
    private readonly ServerRooms rooms;
    private readonly Side[] sides;
    private readonly List<(string Expected, Task<string> Answer)> waiting = [];

    private LogRun(ServerRooms rooms, Side[] sides)
    {
        this.rooms = rooms;
        this.sides = sides;
    }

    public static async Task<LogRun> StartAsync(ServerRooms rooms) => new(rooms, [await StartShareAsync(rooms),
        await StartShareAsync(rooms)]);

    public async Task DoAsync(LogStep step)
    {
        Side side = sides[step.Share];
        if (step.Act == LogAct.Send) Send(side, WriterOf(step), MakeBatch(side, step));
        else if (step.Act != LogAct.Resend) await AwaitAsync();
        switch (step.Act)
        {
            case LogAct.Resend when side.Sent.Count > 0:
                (string? writer, OpBatch batch) = side.Sent.At(step.Shift + side.Sent.Count + step.Ops[0] + 20);
                Send(side, writer, batch);
                break;
            case LogAct.Fold:
                await rooms.Folder.FoldShareAsync(side.Owner.Ref.ShareKey!.Value);
                break;
            case LogAct.Read:
                await CompareLogAsync(side, 1 + step.Ops.Length);
                await CompareStateAsync(side);
                break;
            case LogAct.Fail:
                await FailAsync(side, step);
                break;
            case LogAct.End:
                await EndAsync(side);
                break;
        }
    }

    public async Task FinishAsync()
    {
        await AwaitAsync();
        foreach (Side side in sides)
        {
            await CompareLogAsync(side, 7);
            await CompareStateAsync(side);
            await rooms.Folder.FoldShareAsync(side.Owner.Ref.ShareKey!.Value);
            await CompareStateAsync(side);
        }
    }

    public void Dispose()
    {
        foreach (Side side in sides)
        {
            rooms.Broadcaster.Release(side.Feed);
            side.Owner.Dispose();
        }
    }

    /// <summary>A share and its owner's authority, without the cost of verifying a token.</summary>
    private static async Task<Side> StartShareAsync(ServerRooms rooms)
    {
        var work = new CommitWork<Authority>(async scope =>
        {
            (long share, long owner) = await Seed.ShareAsync(scope.Transaction);
            IReadOnlyList<RefRow> chain = await scope.Transaction.ReadChainAsync(owner);
            return new Authority(chain[0], chain, (await scope.Transaction.FindShareAsync(share))!.ShareId,
                rooms.Clock);
        });
        rooms.Queue.Enqueue(work);
        Authority owner = await work.Completion;
        return new Side(owner, rooms.Broadcaster.Acquire(owner.Ref.ShareKey!.Value));
    }

    private static string? WriterOf(LogStep step) => step.Writer == 3 ? null : $"w{step.Writer}";

    private static OpBatch MakeBatch(Side side, LogStep step)
    {
        string? writer = WriterOf(step);
        long first = Math.Max(1, side.Model.Watermark(writer) + 1 + step.Shift);
        IEnumerable<OpIntent> ops = step.Ops.Select(
            (number, i) => ModelOp.Make(Math.Abs(number), number < 0) with { Seq = writer is null ? null : first + i });
        return new OpBatch
        {
            BatchId = "b", Ops = [.. ops], Atomic = step.Atomic ? true : null,
            ExpectedCursor = step.Expect == 2 ? null : Math.Max(0, side.Model.Head + step.Expect),
        };
    }

    private void Send(Side side, string? writer, OpBatch batch)
    {
        side.Sent.Add((writer, batch));
        (side.Model, string expected) = side.Model.Apply(writer, batch);
        waiting.Add((expected, ModelAnswer.OfAsync(rooms.Log.AppendAsync(side.Owner, writer, batch))));
    }

    private async Task AwaitAsync()
    {
        foreach ((string expected, Task<string> answer) in waiting) Assert.Equal(expected, await answer);
        waiting.Clear();
    }

    /// <summary>Ends the share: each turn that still streams is ended by the server, which picks the op ids.</summary>
    private async Task EndAsync(Side side)
    {
        IEnumerable<string> open = side.Model.Ended ? [] : ModelDocs.Fold(side.Model.Log)
            .Where(doc => doc.Key.StartsWith("turn/", StringComparison.Ordinal)
                && doc.Value.Value["state"]!.GetValue<string>() == "streaming")
            .Select(doc => doc.Key);
        await rooms.Admin.EndShareAsync(side.Owner);
        OpPage page = await rooms.Reads.ReadNowAsync(
            side.Owner, side.Feed, new ReadOpsRequest { After = side.Model.Head, Limit = 100 });
        Assert.Equal(open.Order(), page.Ops.Select(op => ModelDocs.Name(op.Kind, op.Key)).Order());
        Assert.All(page.Ops, op => Assert.Equal(
            (Verbs.Put, "aborted"), (op.Verb, JsonNode.Parse(op.Data!.ToString()!)!["state"]!.GetValue<string>())));
        side.Model = side.Model with { Ended = true, Log = side.Model.Log.AddRange(page.Ops) };
    }

    /// <summary>Nothing is consumed: the model stays as it is.</summary>
    private async Task FailAsync(Side side, LogStep step)
    {
        OpBatch batch = MakeBatch(side, step);
        side.Sent.Add((WriterOf(step), batch));
        (_, string expected) = side.Model.Apply(WriterOf(step), batch);
        if (!expected.StartsWith("refused", StringComparison.Ordinal))
            expected = ModelAnswer.Refusal(ErrorCode.StorageUnavailable);
        rooms.Store.Break();
        string answer = await ModelAnswer.OfAsync(rooms.Log.AppendAsync(side.Owner, WriterOf(step), batch));
        rooms.Store.Repair();
        Assert.Equal(expected, answer);
    }

    /// <summary>I1, I2 and I5, by what a reader gets page by page; and each op as the model has it.</summary>
    private async ValueTask CompareLogAsync(Side side, int limit)
    {
        var ops = new List<LoggedOp>();
        OpPage page;
        do
        {
            page = await rooms.Reads.ReadNowAsync(side.Owner, side.Feed,
                new ReadOpsRequest { After = ops.Count, Limit = limit });
            ops.AddRange(page.Ops);
        }
        while (page.Ops.Count > 0);
        Assert.Equal(Enumerable.Range(1, ops.Count).Select(i => (long)i), ops.Select(op => op.Cursor));
        Assert.Equal(ops.Count, ops.DistinctBy(op => op.OpId).Count());
        foreach (IGrouping<string?,
            LoggedOp> writer in ops.GroupBy(op => op.WriterId).Where(group => group.Key is not null))
        {
            Assert.Equal(writer.Select(op => op.Seq).Distinct().Order(), writer.Select(op => op.Seq));
        }

        Assert.Equal(side.Model.Log.Select(Show), ops.Select(Show));
    }

    private async ValueTask CompareStateAsync(Side side)
    {
        StatePage page = await rooms.Reads.ReadStateAsync(side.Owner, new GetStateRequest());
        Assert.Equal(side.Model.Head, page.Cursor);
        Assert.Equal(
            ModelDocs.Fold(side.Model.Log).Select(doc => Show(doc.Key, doc.Value.Cursor, doc.Value.Value)),
            page.Docs.Select(doc =>
                Show(ModelDocs.Name(doc.Kind, doc.Key), doc.Cursor, JsonNode.Parse(doc.Data.ToString()))));
    }

    private static string Show(string name, long cursor, JsonNode? value) =>
        string.Create(CultureInfo.InvariantCulture, $"{name}@{cursor} {ModelDocs.Canonical(value)}");

    private static string Show(LoggedOp op) => string.Create(
        CultureInfo.InvariantCulture,
        $"{op.Cursor} {op.OpId} {op.Verb} {op.Kind}/{op.Key} {op.Data} {op.WriterId}:{op.Seq}");

    private sealed class Side(Authority owner, ShareFeed feed)
    {
        public Authority Owner => owner;

        public ShareFeed Feed => feed;

        public ModelShare Model { get; set; } = new();

        public List<(string? Writer, OpBatch Batch)> Sent { get; } = [];
    }
}
