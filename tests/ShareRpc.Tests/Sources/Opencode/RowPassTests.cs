using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Opencode;

namespace ShareRpc.Tests.Sources.Opencode;

public sealed class RowPassTests : IDisposable
{
    private readonly OpencodeFiles files = new();
    private readonly string path;
    private readonly FoldedDocuments folded = new();
    private KnownDocuments known = new();
    private SyncPosition position = new();

    public RowPassTests()
    {
        path = files.Sample();
    }

    [Fact]
    public void A_second_look_at_unchanged_rows_emits_nothing()
    {
        Assert.Equal(29, Look().Count);
        Assert.Empty(Look());
    }

    [Fact]
    public void A_changed_row_and_a_new_row_are_put_whatever_their_time()
    {
        Look();
        OpencodeFiles.Execute(path,
            "UPDATE part SET data = '{\"type\":\"text\",\"text\":\"new\"}', time_updated = time_updated + 100000 "
                + "WHERE id = (SELECT "
                + "min(id) FROM part)");
        OpencodeFiles.Execute(path,
            "INSERT INTO part SELECT 'prt_new', message_id, session_id, 1, 1, data FROM part LIMIT 1");

        Assert.Equal(2, Look().Count);
        folded.AssertHoldsExactly(FoldedDocuments.OfRows(path));
        Assert.Empty(Look());
    }

    [Fact]
    public void A_row_that_changes_again_within_the_same_millisecond_is_not_missed()
    {
        const string update =
            "UPDATE part SET data = '{\"type\":\"text\",\"text\":\"$\"}', time_updated = 1900000000000 WHERE id = "
                + "(SELECT max(id) "
                + "FROM part)";
        OpencodeFiles.Execute(path, update.Replace("$", "one", StringComparison.Ordinal));
        Look();
        OpencodeFiles.Execute(path, update.Replace("$", "two", StringComparison.Ordinal));

        Assert.Single(Look());
        folded.AssertHoldsExactly(FoldedDocuments.OfRows(path));
        Assert.Empty(Look());
    }

    [Fact]
    public void Rows_that_disappear_are_removed_a_messages_parts_before_it()
    {
        Look();
        string message = (string)OpencodeFiles.Query(path, "SELECT max(id) FROM message")[0][0]!;
        OpencodeFiles.Execute(path,
            $"DELETE FROM part WHERE message_id = '{message}'; DELETE FROM message WHERE id = '{message}'");

        List<OpIntent> ops = Look();

        Assert.All(ops, op => Assert.Equal(Verbs.Remove, op.Verb));
        Assert.Equal(message, ops[^1].Key);
        folded.AssertHoldsExactly(FoldedDocuments.OfRows(path));
        Assert.Empty(Look());
    }

    [Fact]
    public void A_row_that_is_no_object_is_counted_and_has_a_placeholder()
    {
        OpencodeFiles.Execute(path, "UPDATE part SET data = '[]' WHERE id = (SELECT min(id) FROM part)");
        using OpencodeDatabase database = OpencodeDatabase.Open(path);
        using OpencodeView view = database.BeginRead();
        var pass = new RowPass(view, SessionForm.Of(OpencodeFiles.SampleSession), position, known);

        Assert.Equal(29, pass.Steps().Sum(step => step.Ops.Count));
        Assert.Equal((1, 23), (pass.Skipped, pass.Parts));
    }

    public void Dispose() => files.Dispose();

    private List<OpIntent> Look()
    {
        using OpencodeDatabase database = OpencodeDatabase.Open(path);
        using OpencodeView view = database.BeginRead();
        var pass = new RowPass(view, SessionForm.Of(OpencodeFiles.SampleSession), position, known);
        List<OpIntent> ops = [.. pass.Steps().SelectMany(step => step.Ops)];
        folded.Apply(ops);
        known = KnownDocuments.FromJson(System.Text.Json.JsonDocument.Parse(pass.Known.ToJson()).RootElement);
        position = position with { TimeUpdated = pass.TimeUpdated, Tie = pass.Tie };
        return ops;
    }
}
