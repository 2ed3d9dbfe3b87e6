using System.Text.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Opencode;

namespace ShareRpc.Tests.Sources.Opencode;

public sealed class OpencodeDatabaseTests : IDisposable
{
    private readonly OpencodeFiles files = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [FixtureFact]
    public void The_recorded_database_has_11_sessions_80_messages_and_282_parts()
    {
        using OpencodeDatabase database = OpencodeDatabase.Open(files.Recorded());
        IReadOnlyList<OpencodeSessionInfo> sessions = database.ListSessions();
        using OpencodeView view = database.BeginRead();
        List<(int Messages, int Parts)> counts = [.. sessions.Select(session => view.Count(session.Id))];

        Assert.Equal((11, 80, 282),
            (sessions.Count, counts.Sum(count => count.Messages), counts.Sum(count => count.Parts)));
        Assert.Single(sessions, session => session.ParentId == OpencodeFiles.LongSession);
    }

    [Fact]
    public async Task A_database_whose_log_cannot_be_made_is_read_as_it_is_and_again_when_it_was_changed()
    {
        string path = files.Sample();
        OpencodeFiles.Execute(path, "PRAGMA journal_mode=WAL");
        Directory.CreateDirectory(path + "-wal"); // SQLite can make no file there, as on a read-only mount
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        var options = new OpencodeOptions
        {
            DatabasePath = path, LockPath = share.LockPath, Selection = OpencodeSelection.All, Secrets = null,
        };
        using var sessions = new OpencodeSessions(share.Client, options);

        int first = await sessions.LookAsync(timeout);
        int unchanged = await sessions.LookAsync(timeout);
        string elsewhere = path + ".elsewhere";
        File.Copy(path, elsewhere);
        OpencodeFiles.Execute(elsewhere, "UPDATE session SET title = 'changed', time_updated = time_updated + 1");
        await File.WriteAllBytesAsync(path, await File.ReadAllBytesAsync(elsewhere, timeout), timeout);
        await sessions.LookAsync(timeout);

        Assert.Equal((OpencodeFiles.SampleOps, 0), (first, unchanged));
        using OpencodeDatabase database = OpencodeDatabase.Open(path);
        Assert.Equal("changed", Assert.Single(database.ListSessions()).Title);
        Assert.False(database.IsOutdated);
        Directory.Delete(path + "-wal");
        await File.WriteAllTextAsync(path + "-wal", "changes that are not in the file yet", timeout);
        Assert.True(database.IsOutdated);
    }

    [FixtureFact]
    public void Documents_of_rows_equal_the_rows_field_by_field()
    {
        string path = files.Recorded();
        using OpencodeDatabase database = OpencodeDatabase.Open(path);
        IReadOnlyList<OpencodeSessionInfo> sessions = database.ListSessions();
        using OpencodeView view = database.BeginRead();
        var folded = new FoldedDocuments();
        foreach (OpencodeSessionInfo session in sessions)
        {
            var pass = new RowPass(view, FormOf(session), new SyncPosition(), new KnownDocuments());
            foreach (SyncStep step in pass.Steps()) folded.Apply(step.Ops);
        }

        folded.AssertHoldsExactly(FoldedDocuments.OfRows(path));
        Assert.Equal(362, folded.Applied);
    }

    private static SessionForm FormOf(OpencodeSessionInfo session) => new(session.Id, session.ParentId ?? session.Id);

    [FixtureFact]
    public void Folding_all_events_ends_at_the_rows()
    {
        string path = files.Recorded();
        using OpencodeDatabase database = OpencodeDatabase.Open(path);
        IReadOnlyList<OpencodeSessionInfo> sessions = database.ListSessions();
        using OpencodeView view = database.BeginRead();
        var folded = new FoldedDocuments();
        foreach (OpencodeSessionInfo session in sessions)
        {
            var pass = new EventPass(
                view.EventsAfter(session.Id, -1), new SyncPosition(), new KnownDocuments(), form: FormOf(session));
            foreach (SyncStep step in pass.Steps()) folded.Apply(step.Ops);
            Assert.False(pass.RowsNeeded);
            Assert.Equal(view.LastEvent(session.Id), (pass.Position.EventSeq, pass.Position.EventId));
        }

        folded.AssertHoldsExactly(FoldedDocuments.OfRows(path));
    }

    [Fact]
    public void The_events_of_the_sample_fold_to_its_rows()
    {
        string path = files.Sample();
        using OpencodeDatabase database = OpencodeDatabase.Open(path);
        OpencodeSessionInfo session = Assert.Single(database.ListSessions());
        using OpencodeView view = database.BeginRead();
        var folded = new FoldedDocuments();
        foreach (SyncStep step in new EventPass(view.EventsAfter(session.Id, -1), new SyncPosition(),
            new KnownDocuments()).Steps())
            folded.Apply(step.Ops);

        Assert.Equal(
            (OpencodeFiles.SampleSession, (long)OpencodeFiles.SampleLastSeq, null),
            (session.Id, session.EventSeq, session.ParentId));
        Assert.Equal((6, 23), (folded.Count(Kinds.Message), folded.Count(Kinds.Part)));
        folded.AssertHoldsExactly(FoldedDocuments.OfRows(path));
    }

    [FixtureFact]
    public void A_sessions_document_is_what_opencode_says_of_it()
    {
        using OpencodeDatabase database = OpencodeDatabase.Open(files.Recorded());
        IReadOnlyList<OpencodeSessionInfo> sessions = database.ListSessions();
        using OpencodeView view = database.BeginRead();
        int compared = 0;
        foreach (OpencodeSessionInfo session in sessions)
        {
            JsonElement lastEvent = default;
            foreach (OpencodeEvent source in view.EventsAfter(session.Id, -1)
                .Where(source => source.Type.StartsWith("session.", StringComparison.Ordinal)))
                lastEvent = JsonDocument.Parse(source.Data).RootElement.GetProperty("info").Clone();
            JsonElement document = SessionDocument.Build(view.Session(session.Id)!).ToDocument().RootElement;
            if (lastEvent.GetProperty("time").GetProperty("updated").GetInt64() != session.TimeUpdated) continue;
            if (lastEvent.GetProperty("cost").GetDouble() != document.GetProperty("cost").GetDouble())
                continue; // a fork: its row has the cost, its event none
            Assert.True(JsonElement.DeepEquals(lastEvent, document), session.Id);
            compared++;
        }

        Assert.Equal(9, compared);
    }

    [FixtureFact]
    public void A_todo_list_is_one_document_in_order_of_position()
    {
        using OpencodeDatabase database = OpencodeDatabase.Open(files.Recorded());
        using OpencodeView view = database.BeginRead();

        Assert.Equal(
            """[{"content":"first","status":"in_progress","priority":"high"},"""
                + """{"content":"second","status":"pending","priority":"low"}]""",
            TodoDocument.Build(view.Todos(OpencodeFiles.LongSession)).ToString());
        Assert.Null(TodoDocument.Build(view.Todos("ses_e05832a62ffekN9s1VIUTHfz6t")));
    }

    [Fact]
    public void Reading_leaves_the_file_and_its_folder_as_they_were()
    {
        string path = files.Sample();
        byte[] before = File.ReadAllBytes(path);
        using (OpencodeDatabase database = OpencodeDatabase.Open(path))
        {
            using OpencodeView view = database.BeginRead();
            Assert.Equal(29,
                new RowPass(
                    view, SessionForm.Of(OpencodeFiles.SampleSession), new SyncPosition(), new KnownDocuments()).Steps()
                .Sum(step => step.Ops.Count));
        }

        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Single(Directory.GetFiles(files.Folder));
    }

    [Fact]
    public void The_data_version_moves_when_another_connection_writes_and_only_then()
    {
        string path = files.Sample();
        using OpencodeDatabase database = OpencodeDatabase.Open(path);
        long before = database.DataVersion();

        Assert.Equal(before, database.DataVersion());
        OpencodeFiles.Execute(path, "UPDATE session SET title = 'new'");
        Assert.NotEqual(before, database.DataVersion());
    }

    [Fact]
    public void A_missing_file_and_a_foreign_file_say_so()
    {
        string foreign = Path.Combine(files.Folder, "foreign.db");
        OpencodeFiles.Execute(foreign, "CREATE TABLE other (id)");
        string text = Path.Combine(files.Folder, "text.db");
        File.WriteAllText(text, new string('x', 5000));

        Assert.Contains("--opencode",
            Assert.Throws<OpencodeException>(() => OpencodeDatabase.Open("/nowhere/opencode.db")).Message,
            StringComparison.Ordinal);
        Assert.Contains("not an opencode",
            Assert.Throws<OpencodeException>(() => OpencodeDatabase.Open(foreign)).Message,
            StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Throws<OpencodeException>(() => OpencodeDatabase.Open(text)).Message,
            StringComparison.Ordinal);
    }

    public void Dispose() => files.Dispose();
}
