using System.Globalization;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server;
using ShareRpc.Server.Fold;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Fold;

public sealed class FoldPlanTests
{
    [Fact]
    public void The_more_there_is_to_fold_the_larger_the_steps_so_that_a_fold_keeps_up()
    {
        var limits = new ServerLimits { FoldSliceDocs = 2, FoldSliceBytes = int.MaxValue };
        Assert.All(DocsOf(Tail(30, bytes: 1), limits), docs => Assert.InRange(docs, 1, 2));
        Assert.InRange(DocsOf(Tail(6_400, bytes: 1), limits).Count, 15, 17);
    }

    [Fact]
    public void A_fold_that_lags_takes_a_quarter_a_step()
    {
        var limits = new ServerLimits { FoldSliceDocs = 2, FoldSliceBytes = 1 };
        Assert.InRange(DocsOf(Tail(6_400, bytes: 100), limits, reachesHead: false).Count, 4, 5);
    }

    [Fact]
    public void Invariant_I9_no_step_of_a_fold_is_larger_than_a_transaction_may_be()
    {
        var limits =
            new ServerLimits { TransactionOps = 5, TransactionBytes = 1_000, FoldSliceDocs = 1, FoldSliceBytes = 1 };
        foreach (bool reachesHead in new[] { true, false })
        {
            Assert.All(DocsOf(Tail(6_400, bytes: 1), limits, reachesHead), docs => Assert.InRange(docs, 1, 5));
            Assert.All(DocsOf(Tail(6_400, bytes: 400, Verbs.Append), limits, reachesHead),
                docs => Assert.InRange(docs, 1, 2));
        }
    }

    [Theory]
    [InlineData(true, 1_024)]
    [InlineData(false, 2_048)]
    public void A_step_writes_no_more_ids_than_others_can_wait_for_also_where_one_document_changes_again_and_again(
        bool reachesHead, int most)
    {
        List<TailOp> tail = [.. Enumerable.Range(1, 10_000).Select(
            i => new TailOp(i, Verbs.Put, Kinds.Part, "one", 1, ContentClass.Plain))];
        List<FoldPlan.Slice> slices = [.. new FoldPlan(0, tail, reachesHead).Slices(new ServerLimits())];
        Assert.All(slices, slice => Assert.InRange(slice.UpTo - slice.From, 1, most));
        Assert.Equal([0, .. slices.SkipLast(1).Select(slice => slice.UpTo)], slices.Select(slice => slice.From));
        Assert.Equal(10_000, slices[^1].UpTo);
        Assert.Equal(10_000, Assert.Single(slices.SelectMany(slice => slice.Ops)).Cursor);
    }

    private static List<int> DocsOf(List<TailOp> tail, ServerLimits limits, bool reachesHead = true) =>
        [.. new FoldPlan(0, tail,
            reachesHead).Slices(limits).Select(slice => slice.Ops.Count)];

    /// <summary>Ops on so many documents, one after the other.</summary>
    private static List<TailOp> Tail(int ops, int bytes, string verb = Verbs.Put) =>
    [
        .. Enumerable.Range(1, ops).Select(
            i => new TailOp(i, verb, Kinds.Part, i.ToString(CultureInfo.InvariantCulture), bytes,
                ContentClass.Plain)),
    ];
}
