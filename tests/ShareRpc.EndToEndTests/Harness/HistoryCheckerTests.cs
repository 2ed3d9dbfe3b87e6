using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.EndToEndTests.Harness;

/// <summary>The checker can fail: each history here is wrong in one way, and is found out.</summary>
public sealed class HistoryCheckerTests
{
    private const string Writer = "w";
    private static readonly IReadOnlyList<PlannedStep> Steps = Plan.Of(seed: 7, share: "s", Writer, ops: 200);
    private readonly List<LoggedOp> log = [];
    private readonly Dictionary<string, string> failed = [];
    private long duplicates;

    public HistoryCheckerTests() => PlayPlan();

    [Fact]
    public void A_history_as_it_must_be_has_no_findings() => Assert.Empty(Check());

    [Fact]
    public void A_lost_op_is_found()
    {
        LoggedOp last = log[^1];
        log.Remove(last);
        AssertFound(Property.NothingLost, last.OpId);
    }

    [Fact]
    public void An_op_that_was_applied_twice_is_found()
    {
        log.Add(log[^1] with { Cursor = log.Count + 1, Seq = log[^1].Seq + 1 });
        AssertFound(Property.Once, log[^1].OpId);
    }

    [Fact]
    public void A_cursor_that_is_left_out_is_found()
    {
        log[^1] = log[^1] with { Cursor = log[^1].Cursor + 1 };
        AssertFound(Property.Gapless, "has cursor");
    }

    [Fact]
    public void Two_ops_of_a_writer_in_the_wrong_order_are_found()
    {
        (log[^2], log[^1]) = (log[^1] with { Cursor = log[^2].Cursor }, log[^2] with { Cursor = log[^1].Cursor });
        AssertFound(Property.WriterOrder, log[^2].OpId);
    }

    [Fact]
    public void An_op_with_other_content_than_was_enqueued_is_found()
    {
        int at = log.FindLastIndex(op => op.Verb == Verbs.Put && op.Kind == Kinds.Part);
        log[at] = log[at] with { Data = RawJson.Parse("""{"v":"forged"}""") };
        AssertFound(Property.NothingInvented, log[at].OpId);
    }

    [Fact]
    public void An_op_that_had_to_be_refused_and_was_applied_is_found()
    {
        OpIntent poison = Steps.SelectMany(step => step.Ops).First(op => op.Expect == Expectation.Refused).Op;
        failed.Remove(poison.OpId);
        log.Add(Logged(poison, log.Count + 1));
        AssertFound(Property.Refusals, poison.OpId);
    }

    [Fact]
    public void A_refusal_with_another_code_is_found()
    {
        string poison = failed.Keys.First();
        failed[poison] = "too_large";
        AssertFound(Property.Refusals, poison);
    }

    [Fact]
    public void An_op_that_was_refused_without_reason_is_found()
    {
        LoggedOp last = log[^1];
        failed[last.OpId] = "invalid_op";
        AssertFound(Property.Refusals, last.OpId);
    }

    [Fact]
    public void An_op_that_changes_nothing_and_was_applied_is_found()
    {
        OpIntent same = Steps.SelectMany(step => step.Ops).First(op => op.Expect == Expectation.Unchanged).Op;
        log.Add(Logged(same, log.Count + 1));
        AssertFound(Property.Once, same.OpId);
    }

    [Fact]
    public void An_op_under_somebody_elses_id_that_was_not_refused_is_found()
    {
        OpIntent mine = Steps.SelectMany(step => step.Ops).First(op => op.Expect == Expectation.Contended).Op;
        int at = log.FindIndex(op => op.OpId == mine.OpId);
        log[at] = log[at] with { Data = RawJson.Parse("""{"v":"theirs"}""") };
        AssertFound(Property.Refusals, mine.OpId);
    }

    [Fact]
    public void A_row_that_left_its_outbox_without_an_ack_is_found()
    {
        duplicates--;
        AssertFound(Property.RowsAccounted, "have left");
    }

    [Fact]
    public void A_reader_that_saw_an_op_which_is_not_in_the_log_is_found() =>
        AssertFound(Property.ReadersPrefix, "gone", [.. log.Select(SeenOp.Of), new SeenOp(log.Count + 1, "gone", "0")]);

    [Fact]
    public void A_reader_that_missed_an_op_is_found() =>
        AssertFound(Property.ReadersPrefix, log[10].OpId, [.. log.Where(op => op.Cursor != 11).Select(SeenOp.Of)]);

    [Fact]
    public void A_reader_that_saw_an_op_twice_is_found() =>
        AssertFound(Property.ReadersPrefix, log[4].OpId,
            [.. log.Take(5).Select(SeenOp.Of), .. log.Skip(4).Select(SeenOp.Of)]);

    [Fact]
    public void A_document_that_is_not_the_fold_of_the_log_is_found()
    {
        List<Document> state = State();
        state[0] = state[0] with { Data = RawJson.Parse("""{"v":"old"}""") };
        AssertFound(Property.StateIsFold, state[0].Key, state: state);
    }

    [Fact]
    public void A_document_that_is_missing_from_the_state_is_found() =>
        AssertFound(Property.StateIsFold, "is missing", state: State()[1..]);

    private static LoggedOp Logged(OpIntent op, long cursor) => new()
    {
        Cursor = cursor, OpId = op.OpId, Verb = op.Verb, Kind = op.Kind, Key = op.Key, Data = op.Data,
        WriterId = Writer, Seq = cursor,
        Actor = "a", TimeMs = 1, SchemaVersion = 1,
    };

    private void PlayPlan()
    {
        foreach (PlannedOp op in Steps.SelectMany(step => step.Ops))
        {
            if (op.Expect == Expectation.Refused) failed.Add(op.Op.OpId, op.Code!);
            else if (op.Expect == Expectation.Unchanged) duplicates++;
            else log.Add(Logged(op.Op, log.Count + 1));
        }
    }

    /// <summary>The fold that both ends of the product use; the checker has its own.</summary>
    private List<Document> State()
    {
        var state = new Dictionary<(string, string), Document>();
        foreach (LoggedOp op in log)
        {
            if (op.Verb == Verbs.Remove)
            {
                state.Remove((op.Kind, op.Key));
                continue;
            }

            string data = op.Data!.Value.ToString();
            if (op.Verb == Verbs.Append)
            {
                using JsonDocument addition = JsonDocument.Parse(data);
                var fields = state.TryGetValue((op.Kind, op.Key), out Document? before)
                    ? JsonSerializer.Deserialize<Dictionary<string, string>>(before.Data.Utf8.Span)!
                    : [];
                fields["text"] = fields.GetValueOrDefault("text")
                    + addition.RootElement.GetProperty("text").GetString();
                data = JsonSerializer.Serialize(fields);
            }

            state[(op.Kind, op.Key)] = new Document(op.Kind, op.Key, op.Cursor, RawJson.Parse(data));
        }

        return [.. state.Values];
    }

    private IReadOnlyList<Finding> Check(IReadOnlyList<SeenOp>? seen = null, IReadOnlyList<Document>? state = null)
    {
        long enqueued = Steps.Sum(step => step.Ops.Count);
        var end = new OutboxEnd(enqueued, enqueued - InitialFailed - InitialDuplicates, duplicates, failed);
        var writer = new WriterHistory(Writer, Steps, [end]);
        return HistoryChecker.Check(
            new ShareHistory(log, state ?? State(), [writer], [seen ?? [.. log.Select(SeenOp.Of)]]));
    }

    private static long InitialFailed =>
        Steps.SelectMany(step => step.Ops).Count(op => op.Expect == Expectation.Refused);

    private static long InitialDuplicates =>
        Steps.SelectMany(step => step.Ops).Count(op => op.Expect == Expectation.Unchanged);

    private void AssertFound(
        Property property, string detail, IReadOnlyList<SeenOp>? seen = null, IReadOnlyList<Document>? state = null)
    {
        IReadOnlyList<Finding> findings = Check(seen, state);
        Assert.Contains(findings, finding => finding.Property == property
            && finding.Detail.Contains(detail, StringComparison.Ordinal));
    }
}
