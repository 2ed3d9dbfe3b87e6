using System.Text;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Opencode;

namespace ShareRpc.Tests.Sources.Opencode;

public class EventMappingTests
{
    private const string PartB =
        """{"sessionID":"s","part":{"id":"p","messageID":"m","sessionID":"s","type":"text","text":"B"},"time":1}""";

    private readonly KnownDocuments known = new();

    [Fact]
    public void An_updated_message_is_put_as_the_event_holds_it()
    {
        EventOps mapped =
            Map("evt_1", "message.updated.1", """{"sessionID":"s","info":{"id":"m","sessionID":"s","role":"user"}}""");

        OpIntent op = Assert.Single(mapped.Ops);
        Assert.Equal((Verbs.Put, Kinds.Message, "m"), (op.Verb, op.Kind, op.Key));
        Assert.Equal("""{"id":"m","sessionID":"s","role":"user"}""", op.Data.ToString());
        Assert.True(op.IfChanged);
    }

    [Fact]
    public void Two_processes_derive_the_same_op_id_from_an_event()
    {
        string one = Assert.Single(Map("evt_1", "message.part.updated.1", PartB).Ops).OpId;
        string two = Assert.Single(
            EventMapping.Map(Event("evt_1", "message.part.updated.1", PartB), new KnownDocuments()).Ops).OpId;

        Assert.Equal(one, two);
        Assert.StartsWith("evt_1.", one, StringComparison.Ordinal);
        Assert.True(OpId.IsValid(one));
    }

    [Fact]
    public void Equal_content_of_different_events_has_different_op_ids() =>
        Assert.NotEqual(
            Assert.Single(Map("evt_1", "message.part.updated.1", PartB).Ops).OpId,
            Assert.Single(Map("evt_2", "message.part.updated.1", PartB).Ops).OpId);

    [Fact]
    public void An_event_id_of_any_form_makes_a_valid_op_id() =>
        Assert.True(OpId.IsValid(Assert.Single(Map(new string('é', 100), "message.part.updated.1", PartB).Ops).OpId));

    [Fact]
    public void A_to_B_to_A_ends_as_A()
    {
        var folded = new FoldedDocuments();
        string partA = PartB.Replace("\"B\"", "\"A\"", StringComparison.Ordinal);
        string[] versions = [partA, PartB, partA];
        for (int i = 0; i < versions.Length; i++)
            folded.Apply(Map($"evt_{i}", "message.part.updated.1", versions[i]).Ops);

        Assert.Equal("A", folded.All[("part", "p")].GetProperty("text").GetString());
        Assert.Equal(3, folded.Applied);
    }

    [Fact]
    public void A_removed_message_takes_its_live_parts_first_in_one_atomic_step()
    {
        known.PutPart("m", "p2");
        known.PutPart("m", "p1");
        known.PutPart("m", "gone");
        known.PutPart("other", "p3");
        Map("evt_1", "message.part.removed.1", """{"sessionID":"s","messageID":"m","partID":"gone"}""");

        EventOps mapped = Map("evt_2", "message.removed.1", """{"sessionID":"s","messageID":"m"}""");

        Assert.True(mapped.Atomic);
        Assert.All(mapped.Ops, op => Assert.Equal(Verbs.Remove, op.Verb));
        Assert.Equal([("part", "p1"), ("part", "p2"), ("message", "m")], mapped.Ops.Select(op => (op.Kind, op.Key)));
        Assert.Equal(3, mapped.Ops.Select(op => op.OpId).Distinct().Count());
        Assert.False(known.HasMessage("m"));
        Assert.True(known.HasPart("other", "p3"));
    }

    [Theory]
    [InlineData("message.updated.2", """{"info":{"id":"m"}}""")]
    [InlineData("message.updated.1", """{"info":"m"}""")]
    [InlineData("message.part.updated.1", """{"part":{"id":"p"}}""")]
    [InlineData("something.new.1", "{}")]
    [InlineData("message.updated.1", "not json")]
    public void What_is_not_understood_asks_for_the_rows(string type, string data)
    {
        EventOps mapped = Map("evt_1", type, data);

        Assert.False(mapped.Understood);
        Assert.Empty(mapped.Ops);
    }

    [Fact]
    public void A_message_of_two_thousand_parts_goes_in_atomic_steps_of_a_batch_each_the_message_last()
    {
        for (int i = 0; i < 2000; i++) known.PutPart("m", $"p{i}");
        OpencodeEvent removal = Event("evt_1", "message.removed.1", """{"messageID":"m"}""");

        SyncStep[] steps = [.. new EventPass([removal], new SyncPosition(), known).Steps()];

        Assert.All(steps, step => Assert.True(step.Atomic && step.Ops.Count <= 1000));
        Assert.Equal(2001, steps.Sum(step => step.Ops.Count));
        Assert.Equal(Kinds.Message, steps[^1].Ops[^1].Kind);
        Assert.Equal([false, false, true], steps.Select(step => step.Position is not null));
    }

    [Fact]
    public void Every_step_carries_the_position_it_leads_to()
    {
        known.PutPart("m", "p");
        OpencodeEvent[] events =
        [
            Event("evt_1", "message.part.updated.1", PartB, 7),
            Event("evt_2", "message.removed.1", """{"messageID":"m"}""", 8),
            Event("evt_3", "session.updated.1", "{}", 9),
        ];
        var pass = new EventPass(events, new SyncPosition { EventSeq = 6 }, known);

        SyncStep[] steps = [.. pass.Steps()];

        Assert.Equal([(7L, false), (8L, true)], steps.Select(step => (step.Position!.EventSeq, step.Atomic)));
        Assert.Equal((9L, "evt_3"), (pass.Position.EventSeq, pass.Position.EventId));
    }

    private EventOps Map(string id, string type, string data) => EventMapping.Map(Event(id, type, data), known);

    private static OpencodeEvent Event(string id, string type, string data, long seq = 0) =>
        new(id, seq, type, Encoding.UTF8.GetBytes(data));
}
