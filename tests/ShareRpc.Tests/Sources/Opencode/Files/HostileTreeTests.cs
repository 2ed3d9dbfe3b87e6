using System.Diagnostics;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Opencode.Files;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Sources.Opencode.Files;

/// <summary>Trees that are broken, half written, or made by somebody who means harm.</summary>
public sealed class HostileTreeTests : IDisposable
{
    private readonly DirectoryInfo state = Directory.CreateTempSubdirectory("sharerpc-test-");
    private readonly StorageFolder tree = StorageFolder.Small();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task Symbolic_links_are_not_followed_wherever_they_are()
    {
        string outside = Path.Combine(state.FullName, "outside");
        Directory.CreateDirectory(outside);
        await File.WriteAllTextAsync(Path.Combine(outside, "prt_s.json"), """{"text":"secret"}""", timeout);
        File.CreateSymbolicLink(Path.Combine(tree.Path, "part/msg_1/prt_s.json"), Path.Combine(outside, "prt_s.json"));
        Directory.CreateSymbolicLink(Path.Combine(tree.Path, "session/p2"), outside);
        Directory.CreateSymbolicLink(Path.Combine(tree.Path, "message/ses_c"), outside);
        Directory.Delete(Path.Combine(tree.Path, "part/msg_2"), recursive: true);
        Directory.CreateSymbolicLink(Path.Combine(tree.Path, "part/msg_2"), outside);
        Directory.Delete(Path.Combine(tree.Path, "todo"), recursive: true);
        Directory.CreateSymbolicLink(Path.Combine(tree.Path, "todo"), outside);

        (ImportReport report, List<OpIntent> ops) = await ImportAsync();

        Assert.DoesNotContain(ops, op => op.Data.ToString()!.Contains("secret", StringComparison.Ordinal));
        Assert.Equal(["message/ses_c", "part/msg_1/prt_s.json", "part/msg_2", "session/p2", "todo"],
            Paths(report, SkipReason.SymbolicLink).Distinct());
    }

    [Fact]
    public async Task Names_and_places_that_opencode_does_not_use_are_listed_and_not_read()
    {
        tree.Write("part/msg_1/prt_x.json.tmp", "{}");
        tree.Write("part/msg_1/..%2f..%2fetc.json", "{}");
        tree.Write("part/msg_1/deeper/prt_y.json", "{}");
        tree.Write("message/stray.json", "{}");
        tree.Write("session/ses_stray.json", "{}");

        (ImportReport report, List<OpIntent> ops) = await ImportAsync();

        Assert.Equal(12, ops.Count);
        Assert.Equal(
            ["message/stray.json", "part/msg_1/..%2f..%2fetc.json", "part/msg_1/deeper", "part/msg_1/prt_x.json.tmp",
                "session/ses_stray.json"],
            Paths(report, SkipReason.UnknownName));
    }

    [Fact]
    public async Task Ids_in_a_file_that_are_not_those_of_its_name_and_folder_are_not_believed()
    {
        tree.Write("part/msg_1/prt_1.json", """{"id":"prt_other","messageID":"msg_1","sessionID":"ses_a"}""");
        tree.Write("part/msg_1/prt_2.json", """{"id":"prt_2","messageID":"msg_3","sessionID":"ses_a"}""");
        tree.Write("message/ses_a/msg_9.json", """{"id":"msg_9","sessionID":"ses_b"}""");
        tree.Write("message/ses_a/msg_8.json", """{"id":8,"sessionID":"ses_a"}""");
        tree.Write("session/p1/ses_z.json", """{"id":"ses_a"}""");
        tree.Write("part/msg_1/prt_3.json", """{"type":"text","text":"no ids of its own"}""");

        (ImportReport report, List<OpIntent> ops) = await ImportAsync();

        Assert.Equal(
            ["message/ses_a/msg_8.json", "message/ses_a/msg_9.json", "part/msg_1/prt_1.json", "part/msg_1/prt_2.json",
                "session/p1/ses_z.json"],
            Paths(report, SkipReason.OtherId));
        Assert.Equal(
            """{"type":"text","text":"no ids of its own","id":"prt_3","sessionID":"ses_a","messageID":"msg_1"}""",
            ops.Single(op => op.Key == "prt_3").Data.ToString());
    }

    [Fact]
    public async Task Files_that_are_too_large_too_deep_or_no_text_are_listed()
    {
        tree.Part("ses_a", "msg_1", "prt_large", new string('x', FileContent.MaxBytes));
        tree.Part("ses_a", "msg_1", "prt_over", new string('x', 8 * 1024 * 1024));
        tree.Write("part/msg_1/prt_deep.json", string.Concat(Enumerable.Repeat("{\"a\":", 60)) + "1"
            + new string('}', 60));
        string noText = tree.Write("part/msg_1/prt_bytes.json", "");
        await File.WriteAllBytesAsync(noText, [.. """{"text":" """u8, 0xFF, 0xFE, .. "\"}"u8], timeout);

        (ImportReport report, List<OpIntent> ops) = await ImportAsync();

        Assert.Equal(["prt_bytes", "prt_deep", "prt_large", "prt_over"],
            ops.Where(OpencodeLeftOutTests.IsPlaceholder).Select(op => op.Key).Order(StringComparer.Ordinal));
        Assert.Equal(["part/msg_1/prt_large.json"], Paths(report, SkipReason.TooLarge));
        Assert.Equal(["part/msg_1/prt_deep.json", "part/msg_1/prt_over.json"], Paths(report, SkipReason.OverLimits));
        Assert.Equal(["part/msg_1/prt_bytes.json"], Paths(report, SkipReason.NotJson));
    }

    [Fact]
    public async Task A_pipe_in_the_tree_does_not_hold_the_import_up()
    {
        using Process make = Process.Start("mkfifo", Path.Combine(tree.Path, "part/msg_1/prt_pipe.json"));
        await make.WaitForExitAsync(timeout);

        (ImportReport report, _) = await ImportAsync();

        Assert.Equal(["part/msg_1/prt_pipe.json"], Paths(report, SkipReason.NotJson));
    }

    [Fact]
    public async Task Broken_files_are_tried_again_a_bounded_number_of_times_then_listed_with_what_depends_on_them()
    {
        tree.Write("message/ses_a/msg_2.json", """{"id":"msg_2","sess""");
        tree.Write("session/p1/ses_broken.json", "");
        tree.Message("ses_broken", "msg_5");

        (ImportReport report, List<OpIntent> ops) = await ImportAsync();

        Assert.Equal(["message/ses_a/msg_2.json", "session/p1/ses_broken.json"], Paths(report, SkipReason.NotJson));
        Assert.Equal(["part/msg_2/prt_msg_2_1.json", "part/msg_2/prt_msg_2_2.json"],
            Paths(report, SkipReason.NoMessage));
        Assert.Equal(3, Paths(report, SkipReason.NoSession).Count());
        Assert.Equal((2, 2, 4), (report.State.Sessions, report.State.Messages, report.State.Parts));
        Assert.Equal(9, ops.Count);
    }

    [Fact]
    public async Task A_half_written_message_is_imported_with_its_parts_once_it_is_whole()
    {
        var clock = new ManualTimeProvider();
        string path = tree.Write("message/ses_a/msg_2.json", """{"id":"msg_2","sess""");
        await using OfflineShare share = await OfflineShare.OpenAsync(state.FullName);
        var import = new OpencodeFilesImport(
            share.Client, new OpencodeFilesOptions { Path = tree.Path, LockPath = share.LockPath }, clock);
        Task<ImportReport> running = import.RunAsync(timeout);
        await clock.TimerAsync(due => due == SessionDocuments.RetryPause).WaitAsync(timeout);

        await File.WriteAllTextAsync(path, """{"id":"msg_2","sessionID":"ses_a"}""", timeout);
        clock.Advance(SessionDocuments.RetryPause);
        ImportReport report = await running.WaitAsync(timeout);

        Assert.Equal((3, 6, 0), (report.State.Messages, report.State.Parts, report.State.SkippedCount));
    }

    [Fact]
    public async Task A_session_that_is_there_twice_counts_once_as_it_was_updated_last()
    {
        tree.Write("session/p2/ses_a.json", """{"id":"ses_a","title":"newer","time":{"updated":11}}""");

        (ImportReport report, List<OpIntent> ops) = await ImportAsync();

        Assert.Equal(["session/p1/ses_a.json"], Paths(report, SkipReason.Duplicate));
        OpIntent session = ops.Single(op => op is { Kind: Kinds.Session, Key: "ses_a" });
        Assert.Contains("newer", session.Data.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_are_opened_for_reading_only_and_leave_every_byte_and_time_as_it_was()
    {
        IReadOnlyList<string> before = tree.Picture();

        StorageTree opened = StorageTree.Open(tree.Path);
        string one = opened.Hash(timeout);
        string two = opened.Hash(timeout);
        tree.Part("ses_a", "msg_1", "prt_msg_1_1", "other");

        Assert.Equal(one, two);
        Assert.NotEqual(one, opened.Hash(timeout));
        Assert.Equal(before.Count, tree.Picture().Count);
        Assert.Single(before.Except(tree.Picture()));
    }

    [Theory]
    [InlineData(-1, null)]
    [InlineData(0, null)]
    [InlineData(1, SkipReason.TooLarge)]
    public void A_file_is_read_up_to_its_bound(int more, SkipReason? reason)
    {
        string path = tree.Write("part/msg_1/prt_x.json", new string(' ', FileContent.MaxBytes + more));

        (byte[]? bytes, SkipReason? why) = FileContent.Read(new StorageFile(path, "part/msg_1/prt_x.json", "prt_x"));

        Assert.Equal((reason, reason is null ? FileContent.MaxBytes + more : null), (why, bytes?.Length));
    }

    [Fact]
    public void What_is_left_out_is_counted_without_end_and_listed_up_to_a_bound()
    {
        var skips = new SkipList();
        for (int i = 0; i < SkipList.MaxListed - 1; i++) skips.Add("a", SkipReason.NotJson);
        var all = new SkipList();
        all.AddAll(skips);
        all.Add("last that is listed", SkipReason.NotJson);
        all.Add("counted", SkipReason.NotJson);
        all.AddAll(skips);

        Assert.Equal((2 * SkipList.MaxListed, SkipList.MaxListed), (all.Count, all.Listed.Count));
        Assert.Equal("last that is listed", all.Listed[^1].Path);
    }

    public void Dispose()
    {
        tree.Dispose();
        state.Delete(recursive: true);
    }

    private async Task<(ImportReport Report, List<OpIntent> Ops)> ImportAsync()
    {
        await using OfflineShare share = await OfflineShare.OpenAsync(state.FullName);
        ImportReport report = await new OpencodeFilesImport(
            share.Client, new OpencodeFilesOptions { Path = tree.Path, LockPath = share.LockPath }).RunAsync(timeout);
        return (report, [.. share.Take().Select(op => op.Op)]);
    }

    private static IEnumerable<string> Paths(ImportReport report, SkipReason reason) =>
        report.Skipped.Where(file => file.Reason == reason).Select(file => file.Path).Order(StringComparer.Ordinal);
}
