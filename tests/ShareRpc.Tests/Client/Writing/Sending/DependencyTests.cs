using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Client.Writing.Sending;

/// <summary>Ops that came before what they depend on.</summary>
public class DependencyTests : ClientTest
{
    [Fact]
    public async Task An_op_whose_dependency_comes_later_goes_again_when_that_is_acked_and_others_go_on_meanwhile()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        MissUntilApplied(share, "late", "early");
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync([Depending("early", "late"), Put("other")], null, Timeout);
        await client.FlushAsync(Timeout);
        Assert.Equal((1L, 0L, 1L), (writer.Status.Waiting, writer.Status.Failed, writer.Status.Applied));

        await writer.EnqueueAsync([Put("late")], null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(["other", "late", "early"], LoggedIds(share));
        Assert.Equal((0L, 0L), (writer.Status.Waiting, writer.Status.Failed));
        Assert.Equal(4, share.Log[^1].Seq);
    }

    [Fact]
    public async Task An_atomic_group_waits_as_a_whole()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        MissUntilApplied(share, "late", "early");
        share.Poison["with-it"] = ErrorCode.AtomicAborted;
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync([Put("with-it"), Depending("early", "late")], new EnqueueOptions { Atomic = true },
            Timeout);
        await client.FlushAsync(Timeout);
        Assert.Equal((2L, 0L), (writer.Status.Waiting, writer.Status.Failed));

        await writer.EnqueueAsync([Put("late")], null, Timeout);
        await client.FlushAsync(Timeout);

        Assert.Equal(["late", "with-it", "early"], LoggedIds(share));
        OpBatch last = Received().OfType<OpBatch>().Last();
        Assert.Equal((true, 2), (last.Atomic, last.Ops.Count));
    }

    [Fact]
    public async Task A_dependency_that_never_comes_is_tried_for_and_parks_its_dependant_when_patience_is_over()
    {
        var time = new ManualTimeProvider();
        (ScriptedShare share, ShareLink link) = AddShare();
        share.Poison["early"] = ErrorCode.DependencyMissing;
        Options = Options with
        {
            DependencyRetry = TimeSpan.FromSeconds(30), DependencyPatience = TimeSpan.FromSeconds(100),
            PollInterval = TimeSpan.FromSeconds(1),
        };
        await using ShareClient client = await OpenAsync(time);
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync([Depending("early", "never")], null, Timeout);
        TimeSpan waited = TimeSpan.Zero;
        while (writer.Status.Failed == 0)
        {
            Timeout.ThrowIfCancellationRequested();

            // While it is on its way the sender may wait by the clock, too; time passes in earnest only when it is back
            // at its poll.
            TimeSpan step = TimeSpan.FromMilliseconds(1);
            if (!IsOnItsWay(writer))
            {
                TimeSpan untilPoll =
                    await time.TimerAsync(due => due > TimeSpan.Zero && due <= Options.PollInterval).WaitAsync(Timeout);
                if (!IsOnItsWay(writer)) step = untilPoll;
            }

            time.Advance(step);
            waited += step;
            for (int i = 0; i < 20; i++) await Task.Yield();
        }

        Assert.True(waited >= TimeSpan.FromSeconds(100), $"parked after {waited}");
        Assert.Equal(0, writer.Status.Waiting);
        Assert.Equal("dependency_missing",
            Assert.Single(await writer.ListFailedAsync(cancellationToken: Timeout)).Code);
        int sent = Received().OfType<OpBatch>().Count(batch => batch.Ops[0].OpId == "early");
        Assert.InRange(sent, 4, 6);
    }

    [Fact]
    public async Task Refused_ops_can_be_read_whole_and_dropped_one_by_one_or_all()
    {
        (ScriptedShare share, ShareLink link) = AddShare();
        share.Poison["op-1"] = ErrorCode.TurnFinal;
        share.Poison["op-2"] = ErrorCode.DependencyMissing;
        share.Poison["op-3"] = ErrorCode.QuotaExceeded;
        await using ShareClient client = await OpenAsync();
        ShareWriter writer = await client.JoinShareAsync("test:1", link, Timeout);
        await writer.EnqueueAsync(Puts(4, json: """{"v":1}"""), null, Timeout);
        await client.FlushAsync(Timeout);

        var parked = new List<ParkedOp>();
        await foreach (ParkedOp op in writer.ReadParkedAsync(Timeout)) parked.Add(op);
        Assert.Equal(
            [("op-1", "turn_final", false), ("op-2", "dependency_missing", true), ("op-3", "quota_exceeded", false)],
            parked.Select(op => (op.OpId, op.Code, op.IsWaiting)));
        Assert.All(parked, op => Assert.Equal("""{"v":1}""", op.Data!.Value.ToString()));

        Assert.Equal(1, await writer.DropAsync("op-1", Timeout));
        Assert.Equal((1L, 1L), (writer.Status.Failed, writer.Status.Waiting));
        share.Poison.Clear();
        Assert.Equal(1, await writer.RetryAsync("op-3", Timeout));
        await client.FlushAsync(Timeout);
        Assert.Equal(["op-4", "op-3"], LoggedIds(share));
        Assert.Equal(1, await writer.DropAsync(cancellationToken: Timeout));
        Assert.Equal((0L, 0L), (writer.Status.Failed, writer.Status.Waiting));
    }

    private static OpIntent Depending(string opId, string on) => Put(opId) with { DependsOn = [on] };

    /// <summary>The server refuses an op until another one is there.</summary>
    private void MissUntilApplied(ScriptedShare share, string dependency, string dependant)
    {
        share.Poison[dependant] = ErrorCode.DependencyMissing;
        Server.BeforeAck = batch =>
        {
            if (batch.Ops.Any(op => op.OpId == dependency)) share.Poison.Clear();
            return Task.CompletedTask;
        };
    }

    private static bool IsOnItsWay(ShareWriter writer) => writer.Status is { Pending: > 0 } or { InFlight: > 0 };
}
