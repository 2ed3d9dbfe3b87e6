using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Opencode;
using ShareRpc.Sources.Opencode.Files;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Sources.Opencode.Files;

namespace ShareRpc.Tests.Sources.Opencode;

/// <summary>What the user took back, in a database with events and in one without.</summary>
public sealed class OpencodeRevertTests : IDisposable
{
    private static readonly string[] LastTurn =
        ["msg_000000000005", "msg_000000000006", "prt_000000000019", "prt_000000000020", "prt_000000000021",
            "prt_000000000022", "prt_000000000023"];

    private readonly OpencodeFiles files = new();
    private readonly FoldedDocuments folded = new();
    private readonly ManualTimeProvider clock = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;
    private int seq = OpencodeFiles.SampleLastSeq;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_undone_message_and_part_is_marked_by_an_op_of_its_own_and_the_mark_goes_again(bool hasEvents)
    {
        string path = Sample(hasEvents);
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);
        Assert.NotEmpty(await LookAsync(sessions, share));

        Revert(path, """{"messageID":"msg_000000000005","snapshot":"c40e"}""");
        Assert.Equal(LastTurn, await LookAsync(sessions, share));
        Assert.Equal(LastTurn, Undone());
        Assert.Empty(await LookAsync(sessions, share));

        Revert(path, """{"messageID":"msg_000000000006","partID":"prt_000000000022"}""");
        Assert.Equal(LastTurn[..^2], await LookAsync(sessions, share));
        Assert.Equal(LastTurn[^2..], Undone());

        Revert(path, null);
        Assert.Equal(LastTurn[^2..], await LookAsync(sessions, share));
        folded.AssertHoldsExactly(FoldedDocuments.OfRows(path));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_next_prompt_removes_what_was_undone_and_its_own_message_is_not(bool hasEvents)
    {
        string path = Sample(hasEvents);
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);
        Revert(path, """{"messageID":"msg_000000000006"}""");
        await LookAsync(sessions, share);
        Assert.Equal(LastTurn[1..2].Concat(LastTurn[3..]), Undone());

        OpencodeFiles.Execute(path, """
            PRAGMA foreign_keys = OFF;
            DELETE FROM part WHERE message_id = 'msg_000000000006'; DELETE FROM message WHERE id = 'msg_000000000006';
            INSERT INTO message SELECT 'msg_000000000007', session_id, 1, time_updated + 1, '{"role":"user"}'
              FROM message LIMIT 1
            """);
        if (hasEvents)
        {
            AddEvent(path, "message.removed.1", """{"messageID":"msg_000000000006"}""");
            const string session = OpencodeFiles.SampleSession;
            AddEvent(path, "message.updated.1",
                $$$"""{"info":{"id":"msg_000000000007","sessionID":"{{{session}}}","role":"user"}}""");
        }

        Revert(path, null);
        await LookAsync(sessions, share);

        Assert.Empty(Undone());
        folded.AssertHoldsExactly(FoldedDocuments.OfRows(path));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_changes_while_it_is_undone_stays_marked(bool hasEvents)
    {
        string path = Sample(hasEvents);
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);
        Revert(path, """{"messageID":"msg_000000000005"}""");
        await LookAsync(sessions, share);

        string part = $$"""
            "type":"text","text":"later","messageID":"msg_000000000006","sessionID":"{{OpencodeFiles.SampleSession}}"
            """;
        OpencodeFiles.Execute(path, $$"""
            UPDATE part SET time_updated = time_updated + 100000, data = '{{{part}}}' WHERE id = 'prt_000000000022';
            UPDATE session SET time_updated = time_updated + 1
            """);
        if (hasEvents) AddEvent(path, "message.part.updated.1", $$$"""{"part":{"id":"prt_000000000022",{{{part}}}}}""");

        Assert.Contains("prt_000000000022", await LookAsync(sessions, share));
        Assert.Equal(LastTurn, Undone());
        Assert.Equal("later", folded.All[(Kinds.Part, "prt_000000000022")].GetProperty("text").GetString());
    }

    [Fact]
    public async Task A_tree_of_files_is_marked_too()
    {
        using StorageFolder tree = StorageFolder.Small();
        tree.Write("session/p1/ses_a.json",
            """{"id":"ses_a","title":"one","time":{"updated":10},"revert":{"messageID":"msg_2"}}""");
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        var options = new OpencodeFilesOptions { Path = tree.Path, LockPath = share.LockPath };
        await new OpencodeFilesImport(share.Client, options).RunAsync(timeout);

        folded.Apply(share.Take().Select(op => op.Op));
        Assert.Equal(3, folded.Count(Kinds.Message));
        Assert.Equal(["msg_2", .. folded.All.Where(one => one.Key.Kind == Kinds.Part
            && one.Value.GetProperty("messageID").GetString() == "msg_2").Select(one => one.Key.Key).Order()],
            Undone());
    }

    [Theory]
    [InlineData("""{"a":1}""", true, """{"a":1,"undone":true}""")]
    [InlineData("{}", true, """{"undone":true}""")]
    [InlineData("""{"undone":false,"a":"\u00e9 x"}""", true, """{"a":"\u00e9 x","undone":true}""")]
    [InlineData("""{"a":1,"undone":true}""", false, """{"a":1}""")]
    [InlineData("""{"a":"undone"}""", false, """{"a":"undone"}""")]
    public void A_mark_is_the_field_undone_and_nothing_else_changes(string document, bool isUndone, string expected) =>
        Assert.Equal(expected, ShareRpc.Sources.Opencode.Revert.Mark(RawJson.Parse(document), isUndone).ToString());

    [Theory]
    [InlineData("nonsense")]
    [InlineData("[]")]
    [InlineData("""{"messageID":7}""")]
    [InlineData("""{"messageID":""}""")]
    public void A_revert_of_another_form_undoes_nothing(string revert) => Assert.Null(
        ShareRpc.Sources.Opencode.Revert.OfRow(new Dictionary<string, object?> { ["revert"] = revert }));

    public void Dispose() => files.Dispose();

    private string Sample(bool hasEvents)
    {
        string path = files.Sample();
        OpencodeFiles.Execute(path, "ALTER TABLE session ADD COLUMN revert text");
        if (!hasEvents) OpencodeFiles.Execute(path, "DELETE FROM event; DELETE FROM event_sequence");
        return path;
    }

    private void Revert(string path, string? revert)
    {
        OpencodeFiles.Execute(path, "UPDATE session SET revert = $r, time_updated = time_updated + 1", ("$r", revert));
        if (OpencodeFiles.Query(path, "SELECT 1 FROM event LIMIT 1").Count > 0)
            AddEvent(path, "session.updated.1", "{}");
    }

    private void AddEvent(string path, string type, string data) => OpencodeFiles.Execute(
        path,
        $"INSERT INTO event VALUES ('evt_late{++seq}', $s, {seq}, $t, $d); UPDATE event_sequence SET seq = {seq}",
        ("$s", OpencodeFiles.SampleSession), ("$t", type), ("$d", data));

    /// <summary>Returns the keys of the messages and parts that are put, in order; applies all ops.</summary>
    private async Task<IEnumerable<string>> LookAsync(OpencodeSessions sessions, OfflineShare share)
    {
        clock.Advance(TimeSpan.FromMinutes(1));
        await sessions.LookAsync(timeout);
        List<OpIntent> ops = [.. share.Take().Select(op => op.Op)];
        folded.Apply(ops);
        return ops.Where(op => op.Kind is Kinds.Message or Kinds.Part).Select(op => op.Key).Order(
            StringComparer.Ordinal);
    }

    private string[] Undone() =>
    [
        .. folded.All.Where(one => one.Value.ValueKind == JsonValueKind.Object
                && one.Value.TryGetProperty("undone", out JsonElement mark) && mark.ValueKind == JsonValueKind.True)
            .Select(one => one.Key.Key).Order(StringComparer.Ordinal),
    ];
}
