using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Opencode;
using ShareRpc.Sources.Opencode.Files;

namespace ShareRpc.Tests.Sources.Opencode.Files;

/// <summary>From a tree of files into a real outbox, offline.</summary>
public sealed class OpencodeFilesImportTests : IDisposable
{
    private readonly DirectoryInfo state = Directory.CreateTempSubdirectory("sharerpc-test-");
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [FixtureFact]
    public async Task The_recorded_tree_comes_to_11_sessions_80_messages_and_292_parts_without_10_of_removed_messages()
    {
        using StorageFolder tree = StorageFolder.Recorded();
        IReadOnlyList<string> before = tree.Picture();
        await using OfflineShare share = await OfflineShare.OpenAsync(state.FullName);

        ImportReport report = await ImportAsync(share, tree.Path);

        Assert.Equal((11, 80, 282, 11),
            (report.State.Sessions, report.State.Messages, report.State.Parts, report.State.SkippedCount));
        Assert.Equal(10, report.Skipped.Count(file =>
            file is { Reason: SkipReason.NoMessage, Path: ['p', 'a', 'r', 't', '/', ..] }));
        Assert.Equal(
            "session_diff/ses_e058011e4ffe3ghEzHRVxC1vu8.json",
            Assert.Single(report.Skipped, file => file.Reason == SkipReason.NoSession).Path);
        Assert.All(report.Skipped, file => Assert.True(File.Exists(Path.Combine(tree.Path, file.Path))));
        var folded = new FoldedDocuments();
        folded.Apply(share.Take().Select(op => op.Op));
        Assert.Equal((10, 80, 282, 1),
            (folded.Count(Kinds.Session), folded.Count(Kinds.Message), folded.Count(Kinds.Part),
            folded.Count(Kinds.Todo)));
        Assert.Equal(before, tree.Picture());
    }

    [FixtureFact]
    public async Task The_recorded_tree_twice_makes_no_second_op_and_a_rescan_none_either()
    {
        using StorageFolder tree = StorageFolder.Recorded();
        await using OfflineShare share = await OfflineShare.OpenAsync(state.FullName);
        ImportReport first = await ImportAsync(share, tree.Path);
        share.Take();

        ImportReport second = await ImportAsync(share, Path.GetDirectoryName(tree.Path)!);
        ImportReport rescan = await ImportAsync(share, tree.Path, isRescan: true);

        Assert.True(second.IsEarlier);
        Assert.Equal(first.State.FinishedAt!.Value.ToUnixTimeMilliseconds(),
            second.State.FinishedAt!.Value.ToUnixTimeMilliseconds());
        Assert.False(rescan.IsEarlier);
        Assert.Equal((11, 80, 282), (rescan.State.Sessions, rescan.State.Messages, rescan.State.Parts));
        Assert.Empty(share.Take());
    }

    [Fact]
    public async Task Documents_have_the_kinds_keys_and_shapes_of_the_database_source()
    {
        using StorageFolder tree = StorageFolder.Small();
        await using OfflineShare share = await OfflineShare.OpenAsync(state.FullName);

        await ImportAsync(share, tree.Path);

        List<OpIntent> ops = [.. share.Take().Select(op => op.Op)];
        Assert.All(ops, op => Assert.True(op is { Verb: Verbs.Put, IfChanged: true }));
        Assert.Equal(
            ["session ses_a", "message msg_1", "part prt_msg_1_1", "part prt_msg_1_2", "message msg_2",
                "part prt_msg_2_1",
                "part prt_msg_2_2", "session_diff ses_a", "todo ses_a", "message msg_3",
                "part prt_msg_3_1",
                "part prt_msg_3_2"],
            ops.Select(op => $"{op.Kind} {op.Key}"));
        Assert.Equal(
            """{"id":"prt_msg_1_1","messageID":"msg_1","sessionID":"ses_a","type":"text","text":"t e x t"}""",
            ops[2].Data.ToString());
        Assert.Equal("""[{"content":"c","status":"pending","priority":"low"}]""", ops[8].Data.ToString());
        Assert.Equal(["opencode:ses_a"], share.Client.Shares.Select(one => one.ExternalKey));
        Assert.Equal("""{"id":"msg_3","role":"user","sessionID":"ses_a","agent_session":"ses_b"}""",
            ops[9].Data.ToString());
        Assert.DoesNotContain(ops, op => op.Data.ToString()!.Contains("never-to-be-read", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_finished_tree_is_skipped_for_ever_after_whatever_happens_to_it_and_so_is_a_copy()
    {
        using StorageFolder tree = StorageFolder.Small();
        using StorageFolder copy = StorageFolder.Small();
        await using OfflineShare share = await OfflineShare.OpenAsync(state.FullName);
        await ImportAsync(share, tree.Path);
        share.Take();

        ImportReport ofCopy = await ImportAsync(share, copy.Path);
        tree.Message("ses_a", "msg_new");
        ImportReport changed = await ImportAsync(share, tree.Path);

        Assert.True(ofCopy.IsEarlier && changed.IsEarlier);
        Assert.Equal(changed.State.Path, ofCopy.State.Path);
        Assert.Empty(share.Take());
    }

    [Fact]
    public async Task A_rescan_adds_what_is_new_and_removes_nothing()
    {
        using StorageFolder tree = StorageFolder.Small();
        await using OfflineShare share = await OfflineShare.OpenAsync(state.FullName);
        var folded = new FoldedDocuments();
        await ImportAsync(share, tree.Path);
        folded.Apply(share.Take().Select(op => op.Op));
        tree.Message("ses_a", "msg_4");
        File.Delete(Path.Combine(tree.Path, "message/ses_a/msg_1.json"));

        ImportReport rescan = await ImportAsync(share, tree.Path, isRescan: true);

        Assert.Equal([("part/msg_1/prt_msg_1_1.json", SkipReason.NoMessage),
            ("part/msg_1/prt_msg_1_2.json", SkipReason.NoMessage)],
            rescan.Skipped.Select(file => (file.Path, file.Reason)));
        int applied = folded.Applied;
        folded.Apply(share.Take().Select(op => op.Op));
        Assert.Equal(applied + 3, folded.Applied);
        Assert.Contains((Kinds.Message, "msg_1"), folded.All.Keys);
    }

    [Fact]
    public async Task An_interrupted_import_is_taken_up_and_makes_no_second_op()
    {
        using StorageFolder tree = StorageFolder.Small();
        tree.Write("session/p1/ses_c.json", """{ "id": "ses_c", "title": "three", "time": { "updated": 30 } }""");
        await using OfflineShare share = await OfflineShare.OpenAsync(state.FullName);
        var folded = new FoldedDocuments();
        var broken = new OpencodeFilesImport(share.Client, Options(share, tree.Path, isRescan: false))
        {
            Started = (session, _) =>
                session.SessionId == "ses_c" ? throw new OperationCanceledException() : Task.CompletedTask,
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => broken.RunAsync(timeout));
        Assert.Null((await share.Client.FindImportAsync(tree.Path, timeout))!.FinishedAt);
        folded.Apply(share.Take().Select(op => op.Op));

        ImportReport report = await ImportAsync(share, tree.Path);

        folded.Apply(share.Take().Select(op => op.Op));
        Assert.Equal((3, 3, 6), (report.State.Sessions, report.State.Messages, report.State.Parts));
        Assert.Equal(13, folded.Applied);
        Assert.NotNull((await share.Client.FindImportAsync(tree.Path, timeout))!.FinishedAt);
    }

    [Fact]
    public async Task A_session_whose_share_follows_the_database_is_left_to_it()
    {
        using StorageFolder tree = StorageFolder.Small();
        await using OfflineShare share = await OfflineShare.OpenAsync(state.FullName);
        ShareWriter writer = await share.Client.CreateShareAsync("opencode:ses_a", "newer", timeout);
        await writer.EnqueueAsync(
            [], new EnqueueOptions { Bookmark = new Bookmark("opencode.position", new SyncPosition().ToJson()) },
             timeout);

        ImportReport report = await ImportAsync(share, tree.Path);

        Assert.Equal(
            [("session/p1/ses_a.json", SkipReason.FollowsDatabase),
                ("session/p1/ses_b.json", SkipReason.FollowsDatabase)],
            report.Skipped.Select(left => (left.Path, left.Reason)));
        Assert.Equal((0, 0, 0), (report.State.Sessions, report.State.Messages, report.State.Parts));
        Assert.Empty(share.Take());
    }

    [Fact]
    public async Task The_database_source_goes_on_in_an_imported_share_and_removes_what_it_no_longer_has()
    {
        using var files = new Opencode.OpencodeFiles();
        string database = files.Sample();
        string session = Opencode.OpencodeFiles.SampleSession;
        using var tree = new StorageFolder();
        tree.Write($"session/p/{session}.json", $$"""{"id":"{{session}}","title":"old","time":{"updated":1} }""");
        tree.Message(session, "msg_removed_since");
        await using OfflineShare share = await OfflineShare.OpenAsync(state.FullName);
        var folded = new FoldedDocuments();
        await ImportAsync(share, tree.Path);
        folded.Apply(share.Take().Select(op => op.Op));

        using OpencodeSessions sessions = share.Open(database, OpencodeSelection.All);
        await sessions.LookAsync(timeout);

        folded.Apply(share.Take().Select(op => op.Op));
        folded.AssertHoldsExactly(FoldedDocuments.OfRows(database));
        Assert.Single(share.Client.Shares);
    }

    [Fact]
    public async Task A_link_of_a_share_of_ours_stays_out_of_the_session_document()
    {
        using StorageFolder tree = StorageFolder.Small();
        tree.Write("session/p1/ses_a.json",
            """{"id":"ses_a","title":"one","share":{"url":"http://h/share/srpc_secret"}}""");
        await using OfflineShare share = await OfflineShare.OpenAsync(state.FullName);

        await ImportAsync(share, tree.Path);

        OpIntent session = share.Take().Select(op => op.Op).First(op => op.Key == "ses_a" && op.Kind == Kinds.Session);
        Assert.Equal("""{"id":"ses_a","title":"one"}""", session.Data.ToString());
    }

    [Fact]
    public async Task A_folder_that_is_no_tree_is_an_error_that_says_where_it_usually_is()
    {
        await using OfflineShare share = await OfflineShare.OpenAsync(state.FullName);

        OpencodeException error = await Assert.ThrowsAsync<OpencodeException>(() => ImportAsync(share, state.FullName));

        Assert.Contains("opencode/storage", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => state.Delete(recursive: true);

    private static OpencodeFilesOptions Options(OfflineShare share, string path, bool isRescan) =>
        new() { Path = path, LockPath = share.LockPath, Rescan = isRescan };

    private Task<ImportReport> ImportAsync(OfflineShare share, string path, bool isRescan = false) =>
        new OpencodeFilesImport(share.Client, Options(share, path, isRescan)).RunAsync(timeout);
}
