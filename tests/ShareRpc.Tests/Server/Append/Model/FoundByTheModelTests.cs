using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;

namespace ShareRpc.Tests.Server.Append.Model;

/// <summary>What random sequences have found, each as the short one it was shrunk to.</summary>
public sealed class FoundByTheModelTests
{
    [Fact(Timeout = 60_000)]
    public async Task A_duplicate_stays_one_after_a_reuse_of_its_id_was_refused()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        OpIntent same = ServerRooms.Put("k", """{"v":1}""", "same") with { IfChanged = true };
        OpIntent[] ops =
        [
            ServerRooms.Put("k", """{"v":1}"""), same,
            ServerRooms.Put("k", """{"v":2}""", "same") with { IfChanged = true },
            ServerRooms.Put("k", """{"v":3}"""), same,
        ];
        var answers = new List<Ack>();
        for (int i = 0; i < ops.Length; i++)
        {
            var batch = new OpBatch { BatchId = "b", Ops = [ops[i] with { Seq = i + 1 }] };
            answers.Add(await rooms.Log.AppendAsync(owner, "w", batch));
        }

        Assert.Equal([new OpCursor("same", 1)], answers[1].Duplicates);
        Assert.Equal("op_id_reused", answers[2].Rejected.Single().Code);
        Assert.Equal([new OpCursor("same", 1)], answers[4].Duplicates);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_aborted_duplicate_leaves_no_record_without_a_writer()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        await rooms.AppendAsync(owner, ServerRooms.Put("k", """{"v":1}"""));
        OpIntent same = ServerRooms.Put("k", """{"v":1}""", "same") with { IfChanged = true };
        var atomic =
            new OpBatch { BatchId = "b", Ops = [same, ServerRooms.Put("k") with { Verb = "merge" }], Atomic = true };
        Ack aborted = await rooms.Log.AppendAsync(owner, null, atomic);

        Ack later = await rooms.AppendAsync(owner, ServerRooms.Put("other") with { DependsOn = ["same"] });

        Assert.Equal(["atomic_aborted", "invalid_op"], aborted.Rejected.Select(rejection => rejection.Code));
        Assert.Equal("dependency_missing", later.Rejected.Single().Code);
    }
}
