using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Append;
using ShareRpc.Tests.Server.Storage;

namespace ShareRpc.Tests.Server.Append;

public sealed class ProgressGuardTests
{
    private const string Running = """{"id":"p","type":"tool","state":{"status":"running"}}""";
    private const string Completed =
        """{"id":"p","type":"tool","state":{"status":"completed","time":{"start":1,"end":5}}}""";
    private const string Failed = """{"id":"p","type":"tool","state":{"status":"error","time":{"start":1,"end":5}}}""";

    [Theory]
    [InlineData(Completed, Running, true)]
    [InlineData(Completed, """{"state":{"status":"pending"}}""", true)]
    [InlineData(Completed, "{}", true)]
    [InlineData(Failed, Running, true)]
    [InlineData(Running, """{"state":{"status":"pending"}}""", true)]
    [InlineData(Running, Running, false)]
    [InlineData(Running, Completed, false)]
    [InlineData(Completed, Failed, false)]
    [InlineData(Completed, """{"state":{"status":"completed","time":{"end":4}}}""", true)]
    [InlineData(Completed, """{"state":{"status":"completed","time":{"end":5,"compacted":9}}}""", false)]
    [InlineData("""{"state":{"status":"completed","time":{"end":5,"compacted":9}}}""", Completed, true)]
    [InlineData("""{"type":"text","text":"hello","time":{"start":1,"end":2}}""",
        """{"type":"text","text":"","time":{"start":1}}""", true)]
    [InlineData("""{"type":"text","text":"","time":{"start":1}}""",
        """{"type":"text","text":"hello","time":{"start":1,"end":2}}""", false)]
    [InlineData("""{"type":"text","text":"A"}""", """{"type":"text","text":"B"}""", false)]
    [InlineData("[]", Running, false)]
    [InlineData("""{"time":7,"state":"x"}""", """{"time":[],"state":{}}""", false)]
    public void A_part_is_behind_when_it_is_less_finished(string current, string next, bool isBehind) =>
        Assert.Equal(isBehind, IsBehind(Kinds.Part, current, next));

    [Theory]
    [InlineData("""{"time":{"created":1,"completed":2}}""", """{"time":{"created":1}}""", true)]
    [InlineData("""{"time":{"created":1}}""", """{"time":{"created":1,"completed":2}}""", false)]
    [InlineData("""{"time":{"completed":2},"error":{}}""", """{"time":{"completed":2}}""", false)]
    [InlineData("""{"role":"user"}""", """{"role":"user","x":1}""", false)]
    public void A_message_is_behind_when_it_is_not_finished_and_the_document_is(string current, string next,
        bool isBehind) =>
        Assert.Equal(isBehind, IsBehind(Kinds.Message, current, next));

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void Fewer_changes_of_a_users_message_count_only_beside_a_session_that_is_not_behind(bool cameWithNewest,
        bool isBehind)
    {
        const string Two = """{"summary":{"diffs":[1,2]}}""";
        foreach (string less in new[] { """{"summary":{"diffs":[1]}}""", """{"summary":{"diffs":[]}}""", "{}" })
        {
            Assert.Equal(isBehind, IsBehind(Kinds.Message, Two, less, cameWithNewest));
        }

        Assert.False(IsBehind(Kinds.Message, Two, """{"summary":{"diffs":[3,4]}}""", cameWithNewest));
    }

    [Theory]
    [InlineData(5, 4, true)]
    [InlineData(5, 5, false)]
    [InlineData(5, 6, false)]
    public void A_session_is_behind_when_it_was_updated_earlier(long current, long next, bool isBehind) =>
        Assert.Equal(isBehind, IsBehind(
            Kinds.Session, $$$"""{"time":{"updated":{{{current}}}}}""", $$$"""{"time":{"updated":{{{next}}}}}"""));

    [Theory]
    [InlineData(Kinds.SessionDiff)]
    [InlineData(Kinds.Model)]
    [InlineData("note")]
    public void Other_kinds_count_as_they_come(string kind) => Assert.False(IsBehind(kind, Completed, Running));

    [Fact]
    public async Task It_holds_for_snapshots_only_and_leaves_no_record()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        await rooms.Log.AppendSnapshotAsync(owner, Batch("1", Completed));
        Ack late = await rooms.Log.AppendSnapshotAsync(owner, Batch("2", Running));
        Ack same = await rooms.Log.AppendSnapshotAsync(owner, Batch("3", Completed));
        Assert.Equal(("2", "3"), (Assert.Single(late.Duplicates).OpId, Assert.Single(same.Duplicates).OpId));

        await using (var transaction = await rooms.Store.BeginWriteAsync())
        {
            Assert.Null(await transaction.FindOpRecordAsync(owner.Ref.ShareKey!.Value, "2"));
            Assert.Null(await transaction.FindOpRecordAsync(owner.Ref.ShareKey!.Value, "3"));
        }

        Assert.Single((await rooms.Log.AppendAsync(owner, null, Batch("4", Running))).Applied);
    }

    private static OpBatch Batch(string opId, string data) => new()
    {
        BatchId = "b", Ops = [Put(Kinds.Part, data) with { OpId = opId }],
    };

    private static bool IsBehind(string kind, string current, string next, bool cameWithNewest = false) =>
        ProgressGuard.IsBehind(kind, ProgressFacts.Of(kind, RawJson.Parse(current)),
            ProgressFacts.Of(kind, RawJson.Parse(next)), cameWithNewest);

    private static OpIntent Put(string kind, string data) =>
        new() { OpId = "o", Verb = Verbs.Put, Kind = kind, Key = "k", Data = RawJson.Parse(data), IfChanged = true };
}
