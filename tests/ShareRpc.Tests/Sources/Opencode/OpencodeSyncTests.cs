using Microsoft.Data.Sqlite;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Opencode;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Sources.Opencode;

/// <summary>From a database into a real outbox, offline.</summary>
public sealed class OpencodeSyncTests : IDisposable
{
    private const string Session = OpencodeFiles.SampleSession;

    private readonly OpencodeFiles files = new();
    private readonly FoldedDocuments folded = new();
    private readonly ManualTimeProvider clock = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [FixtureFact]
    public async Task A_first_look_at_all_sessions_puts_every_row_once()
    {
        string path = files.Recorded();
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);

        int enqueued = await sessions.LookAsync(timeout);

        List<(OpIntent Op, string? Group)> ops = share.Take();
        folded.Apply(ops.Select(op => op.Op));
        folded.AssertHoldsExactly(FoldedDocuments.OfRows(path));
        Assert.Equal((10, 80, 282, 380),
            (sessions.Sessions.Count, sessions.Sessions.Sum(s => s.Messages), sessions.Sessions.Sum(s => s.Parts),
                enqueued));
        Assert.Equal((10, 1), (folded.Count(Kinds.Session), folded.Count(Kinds.Todo)));
        Assert.All(ops, op => Assert.True(op.Op.IfChanged));
        Assert.Equal(Kinds.Session, ops[0].Op.Kind);
        Assert.Equal("Renamed by hand", share.Client.FindShare("opencode:" + OpencodeFiles.LongSession)!.Label);
    }

    [FixtureFact]
    public async Task A_second_run_from_the_bookmark_enqueues_nothing()
    {
        string path = files.Recorded();
        await LookOnceAsync(path);

        Assert.Empty(await LookOnceAsync(path));
    }

    [Fact]
    public async Task Live_changes_become_ops_of_their_events_and_a_second_process_derives_the_same()
    {
        string path = files.Sample();
        await using OfflineShare one = await OfflineShare.OpenAsync(files.Folder, "one");
        await using OfflineShare two = await OfflineShare.OpenAsync(files.Folder, "two");
        using OpencodeSessions first = one.Open(path, OpencodeSelection.Latest, clock);
        using OpencodeSessions second = two.Open(path, OpencodeSelection.Of(Session), clock);
        await first.LookAsync(timeout);
        await second.LookAsync(timeout);
        folded.Apply(one.Take().Select(op => op.Op));
        two.Take();

        UpdatePart(48, "A");
        await first.LookAsync(timeout);
        UpdatePart(49, "B");
        UpdatePart(50, "A");
        await first.LookAsync(timeout);
        await second.LookAsync(timeout);

        List<OpIntent> ofFirst = [.. one.Take().Select(op => op.Op)];
        List<OpIntent> ofSecond = [.. two.Take().Select(op => op.Op)];
        Assert.Equal(3, ofFirst.Count);
        Assert.Equal(ofFirst.Select(op => (op.OpId, op.Verb, op.Kind, op.Key, op.Data.ToString())),
            ofSecond.Select(op => (op.OpId, op.Verb, op.Kind, op.Key, op.Data.ToString())));
        folded.Apply(ofFirst);
        Assert.Equal("A", folded.All[(Kinds.Part, "prt_new")].GetProperty("text").GetString());
        folded.AssertHoldsExactly(FoldedDocuments.OfRows(path));

        void UpdatePart(int seq, string text)
        {
            string message = (string)OpencodeFiles.Query(path, "SELECT min(id) FROM message")[0][0]!;
            string part =
                $$"""
                {"id":"prt_new","sessionID":"{{Session}}","messageID":"{{message}}","type":"text",
                 "text":"{{text}}"}
                """;
            AddEvent(path, seq, "message.part.updated.1", $$"""{"sessionID":"{{Session}}","part":{{part}},"time":1}""");
            OpencodeFiles.Execute(path, $$"""
                INSERT INTO part
                  VALUES ('prt_new', '{{message}}', '{{Session}}', 1, 1, '{"type":"text","text":"{{text}}"}')
                ON CONFLICT (id) DO UPDATE SET data = excluded.data
                """);
        }
    }

    [Fact]
    public async Task A_message_removed_while_nobody_looked_takes_its_parts_along_atomically()
    {
        string path = files.Sample();
        folded.Apply((await LookOnceAsync(path)).Select(op => op.Op));
        string message = (string)OpencodeFiles.Query(path, "SELECT max(id) FROM message")[0][0]!;
        int parts = OpencodeFiles.Query(path, $"SELECT id FROM part WHERE message_id = '{message}'").Count;
        RemoveMessage(path, message, 48);

        List<(OpIntent Op, string? Group)> ops = await LookOnceAsync(path);

        Assert.Equal(parts + 1, ops.Count);
        Assert.Equal((Kinds.Message, message), (ops[^1].Op.Kind, ops[^1].Op.Key));
        Assert.Single(ops.Select(op => op.Group).Distinct());
        Assert.NotNull(ops[0].Group);
        folded.Apply(ops.Select(op => op.Op));
        folded.AssertHoldsExactly(FoldedDocuments.OfRows(path));
    }

    [Fact]
    public async Task A_session_without_events_is_followed_by_its_rows()
    {
        string path = files.Sample();
        OpencodeFiles.Execute(path, "DELETE FROM event; DELETE FROM event_sequence");
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);
        Assert.Equal(OpencodeFiles.SampleOps, await LookAsync());

        OpencodeFiles.Execute(path,
            "UPDATE part SET data = '{\"type\":\"text\",\"text\":\"new\"}', time_updated = 1900000000000 WHERE id = "
                + "(SELECT min(id) "
                + "FROM part)");
        Assert.Equal(1, await LookAsync());
        string message = (string)OpencodeFiles.Query(path, "SELECT max(id) FROM message")[0][0]!;
        OpencodeFiles.Execute(path,
            $"DELETE FROM part WHERE message_id = '{message}'; DELETE FROM message WHERE id = '{message}'");
        await LookAsync();
        Assert.Equal(0, await LookAsync());

        folded.AssertHoldsExactly(FoldedDocuments.OfRows(path));
        Assert.Empty(await LookOnceAsync(path));

        async Task<int> LookAsync()
        {
            clock.Advance(TimeSpan.FromSeconds(3));
            int enqueued = await sessions.LookAsync(timeout);
            folded.Apply(share.Take().Select(op => op.Op));
            return enqueued;
        }
    }

    [Fact]
    public async Task A_session_that_gets_its_first_event_goes_on_from_there()
    {
        string path = files.Sample();
        OpencodeFiles.Execute(path, "DELETE FROM event; DELETE FROM event_sequence");
        folded.Apply((await LookOnceAsync(path)).Select(op => op.Op));
        string message = (string)OpencodeFiles.Query(path, "SELECT max(id) FROM message")[0][0]!;
        OpencodeFiles.Execute(path, $"INSERT INTO event_sequence (aggregate_id, seq) VALUES ('{Session}', 0)");
        RemoveMessage(path, message, 0);

        folded.Apply((await LookOnceAsync(path)).Select(op => op.Op));

        folded.AssertHoldsExactly(FoldedDocuments.OfRows(path));
        Assert.Empty(await LookOnceAsync(path));
    }

    [Fact]
    public async Task A_log_that_starts_again_is_read_from_the_rows_and_what_is_gone_is_removed()
    {
        string path = files.Sample();
        folded.Apply((await LookOnceAsync(path)).Select(op => op.Op));
        OpencodeFiles.Execute(path, "DELETE FROM event WHERE seq > 3; UPDATE event SET id = 'evt_other' WHERE seq = 3");
        OpencodeFiles.Execute(path, "DELETE FROM part; DELETE FROM message WHERE id <> (SELECT min(id) FROM message)");

        folded.Apply((await LookOnceAsync(path)).Select(op => op.Op));

        folded.AssertHoldsExactly(FoldedDocuments.OfRows(path));
        Assert.Equal((1, 0), (folded.Count(Kinds.Message), folded.Count(Kinds.Part)));
        Assert.Empty(await LookOnceAsync(path));
    }

    [Fact]
    public async Task A_deleted_session_leaves_its_share_as_it_is()
    {
        string path = files.Sample();
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);
        await sessions.LookAsync(timeout);
        share.Take();
        OpencodeFiles.Execute(path,
            "PRAGMA foreign_keys=OFF; DELETE FROM part; DELETE FROM message; DELETE FROM event; DELETE FROM "
                + "event_sequence; DELETE "
                + "FROM session");

        await sessions.LookAsync(timeout);

        Assert.Empty(share.Take());
        Assert.True(Assert.Single(sessions.Sessions).IsGone);
    }

    [Fact]
    public async Task An_event_of_an_unknown_type_makes_the_rows_count()
    {
        string path = files.Sample();
        folded.Apply((await LookOnceAsync(path)).Select(op => op.Op));
        OpencodeFiles.Execute(path,
            "UPDATE part SET data = '{\"type\":\"text\",\"text\":\"delta\"}', time_updated = 1900000000000 WHERE id = "
                + "(SELECT min(id) "
                + "FROM part)");
        AddEvent(path, 48, "message.part.delta.1", "{}");

        Assert.Single(Followed(await LookOnceAsync(path)));
        folded.AssertHoldsExactly(FoldedDocuments.OfRows(path));
    }

    [Fact]
    public async Task A_changed_title_and_todo_list_are_put_and_an_emptied_list_is_removed()
    {
        string path = files.Sample();
        await LookOnceAsync(path);
        OpencodeFiles.Execute(path,
            $"UPDATE session SET title = 'other'; INSERT INTO todo VALUES ('{Session}', 'c', 'pending', 'high', 9, 1, "
                + "1)");
        Assert.Equal([Kinds.Session, Kinds.Todo], Followed(await LookOnceAsync(path)).Select(op => op.Kind));
        OpencodeFiles.Execute(path, "DELETE FROM todo");

        OpIntent removed = Assert.Single(Followed(await LookOnceAsync(path)));

        Assert.Equal((Verbs.Remove, Kinds.Todo, Session), (removed.Verb, removed.Kind, removed.Key));
        Assert.Empty(await LookOnceAsync(path));
    }

    [Fact]
    public async Task A_missing_and_then_replaced_file_is_waited_for()
    {
        string path = files.Sample();
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.Of(Session), clock);
        await sessions.LookAsync(timeout);
        folded.Apply(share.Take().Select(op => op.Op));
        string aside = path + ".aside";
        File.Copy(path, aside);
        OpencodeFiles.Execute(aside, "UPDATE session SET title = 'replaced'");
        File.Delete(path);
        clock.Advance(TimeSpan.FromSeconds(6));
        await Assert.ThrowsAsync<OpencodeException>(() => sessions.LookAsync(timeout));
        File.Move(aside, path);
        clock.Advance(TimeSpan.FromSeconds(6));

        Assert.Equal(1, await sessions.LookAsync(timeout));
    }

    [Fact]
    public async Task A_locked_file_is_an_error_of_the_moment()
    {
        string path = files.Sample();
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.Of(Session), clock);
        using (var writer = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            writer.Open();
            using SqliteCommand command = writer.CreateCommand();
            command.CommandText = "BEGIN EXCLUSIVE";
            command.ExecuteNonQuery();
            await Assert.ThrowsAsync<OpencodeException>(() => sessions.LookAsync(timeout));
        }

        Assert.Equal(OpencodeFiles.SampleOps, await sessions.LookAsync(timeout));
    }

    [Fact]
    public async Task Tailing_looks_at_every_tick()
    {
        string path = files.Sample();
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, TimeProvider.System);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(timeout);
        Task tail = sessions.TailAsync(stop.Token);
        await UntilPendingAsync(OpencodeFiles.SampleOps - 1);
        OpencodeFiles.Execute(path, "UPDATE session SET title = 'live'");
        await UntilPendingAsync(OpencodeFiles.SampleOps);

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => tail);

        async Task UntilPendingAsync(int count)
        {
            while (share.Client.Shares is not [{ Status.Pending: var pending }] || pending < count)
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, timeout);
        }
    }

    [Fact]
    public async Task A_session_that_does_not_exist_is_an_error_that_says_so()
    {
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(files.Sample(), OpencodeSelection.Of("ses_none"), clock);

        OpencodeException error = await Assert.ThrowsAsync<OpencodeException>(() => sessions.LookAsync(timeout));

        Assert.Contains("ses_none", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => files.Dispose();

    private async Task<List<(OpIntent Op, string? Group)>> LookOnceAsync(string path)
    {
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        share.Take();
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);
        await sessions.LookAsync(timeout);
        return share.Take();
    }

    private List<OpIntent> Followed(List<(OpIntent Op, string? Group)> ops)
    {
        folded.Apply(ops.Select(op => op.Op));
        return [.. ops.Select(op => op.Op)];
    }

    private static void AddEvent(string path, int seq, string type, string data) => OpencodeFiles.Execute(
        path,
        $"INSERT INTO event (id, aggregate_id, seq, type, data) VALUES ('evt_{seq}', '{Session}', {seq}, '{type}', "
            + "$data)",
        ("$data", data));

    private static void RemoveMessage(string path, string message, int seq)
    {
        AddEvent(path, seq, "message.removed.1", $$"""{"sessionID":"{{Session}}","messageID":"{{message}}"}""");
        OpencodeFiles.Execute(path,
            $"DELETE FROM part WHERE message_id = '{message}'; DELETE FROM message WHERE id = '{message}'");
    }
}
