using System.Text.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Opencode;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Sources.Opencode;

/// <summary>
/// A database that lives: written, vacuumed, checkpointed, replaced, deleted and made again under the tail.
/// </summary>
public sealed class OpencodeTailTests : IDisposable
{
    private const string Session = OpencodeFiles.SampleSession;

    private readonly OpencodeFiles files = new();
    private readonly FoldedDocuments folded = new();
    private readonly ManualTimeProvider clock = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;
    private int seq = OpencodeFiles.SampleLastSeq;

    [FixtureFact]
    public async Task A_look_that_takes_longer_than_a_database_is_kept_open_reads_every_session()
    {
        string path = files.Recorded();
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);
        sessions.Started = (_, _) =>
        {
            clock.Advance(new OpencodeOptions { DatabasePath = path, LockPath = path }.ReopenInterval);
            return Task.CompletedTask;
        };
        await sessions.LookAsync(timeout);
        Assert.True(sessions.Sessions.Count > 1);
        Assert.Equal(380, share.Take().Count);
    }

    [Fact]
    public async Task A_commit_of_opencode_waits_at_most_one_interval_of_250_ms_for_its_look()
    {
        string path = files.Sample();
        OpencodeFiles.Execute(path, "PRAGMA journal_mode=WAL");
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);
        await sessions.LookAsync(timeout);
        share.Take();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(timeout);
        Task tail = sessions.TailAsync(stop.Token);
        TimeSpan interval = new OpencodeOptions { DatabasePath = path, LockPath = path }.PollInterval;
        Assert.InRange(interval, TimeSpan.Zero, TimeSpan.FromMilliseconds(250));

        for (int i = 0; i < 15; i++)
        {
            // Right behind the look that took the one before: the longest that a commit can wait for the next.
            WritePart(path, $"text {i}");
            clock.Advance(interval);
            while (share.Take() is []) await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, timeout);
        }

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => tail);
    }

    [Fact]
    public async Task A_vacuum_and_a_reset_of_the_wal_make_no_op_and_stop_nothing()
    {
        string path = files.Sample();
        OpencodeFiles.Execute(path, "PRAGMA journal_mode=WAL");
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);
        await LookAsync(sessions, share);
        string[] upheavals =
            ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA wal_checkpoint(RESTART)", "REINDEX; VACUUM"];
        foreach (string upheaval in upheavals)
        {
            OpencodeFiles.Execute(path, upheaval);
            Assert.Equal(0, await LookAsync(sessions, share));
            WritePart(path, upheaval.Replace("'", "", StringComparison.Ordinal));
            Assert.Equal(1, await LookAsync(sessions, share));
        }

        folded.AssertHoldsExactly(FoldedDocuments.OfRows(path));
    }

    [Fact]
    public async Task A_replaced_file_is_followed_at_the_next_look_without_waiting()
    {
        string path = files.Sample();
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);
        await LookAsync(sessions, share);
        string aside = path + ".aside";
        File.Copy(path, aside);
        WritePart(aside, "in the new file");
        File.Move(aside, path, overwrite: true);

        Assert.Equal(1, await LookAsync(sessions, share));

        folded.AssertHoldsExactly(FoldedDocuments.OfRows(path));
    }

    [Fact]
    public async Task A_deleted_file_is_said_at_once_and_one_restored_from_a_backup_brings_its_own_state()
    {
        string path = files.Sample();
        string backup = path + ".backup";
        File.Copy(path, backup);
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);
        WritePart(path, "after the backup");
        await LookAsync(sessions, share);
        Assert.Contains((Kinds.Part, "prt_new"), folded.All.Keys);

        File.Delete(path);
        OpencodeException gone = await Assert.ThrowsAsync<OpencodeException>(() => sessions.LookAsync(timeout));
        File.Move(backup, path);
        await LookAsync(sessions, share);

        Assert.Contains("no opencode database", gone.Message, StringComparison.Ordinal);
        Assert.DoesNotContain((Kinds.Part, "prt_new"), folded.All.Keys);
        folded.AssertHoldsExactly(FoldedDocuments.OfRows(path));
    }

    [Fact]
    public async Task A_session_that_appears_later_gets_a_share_of_its_own()
    {
        string path = files.Sample();
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);
        await LookAsync(sessions, share);

        AddSession(path, "ses_later", parent: null);
        Assert.Equal(1, await LookAsync(sessions, share));

        Assert.Equal([$"opencode:{Session}", "opencode:ses_later"], share.Client.Shares.Select(one => one.ExternalKey));
    }

    [Fact]
    public async Task Rows_that_go_A_B_A_end_as_A()
    {
        string path = files.Sample();
        OpencodeFiles.Execute(path, "DELETE FROM event; DELETE FROM event_sequence");
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);
        await LookAsync(sessions, share);
        string part = (string)OpencodeFiles.Query(path, "SELECT min(id) FROM part")[0][0]!;
        string[] versions = ["A", "B", "A"];
        for (int i = 0; i < versions.Length; i++)
        {
            OpencodeFiles.Execute(path,
                $"UPDATE part SET data = '{{\"text\":\"{versions[i]}\"}}', time_updated = {1_900_000_000_000 + i} "
                    + $"WHERE id = '{part}'");
            clock.Advance(TimeSpan.FromSeconds(3));
            Assert.Equal(1, await LookAsync(sessions, share));
        }

        Assert.Equal("A", folded.All[(Kinds.Part, part)].GetProperty("text").GetString());
        folded.AssertHoldsExactly(FoldedDocuments.OfRows(path));
    }

    [Fact]
    public async Task A_row_that_is_no_utf8_is_counted_and_stops_nothing()
    {
        string path = files.Sample();
        OpencodeFiles.Execute(path,
            "UPDATE part SET data = CAST(x'7B2261223A22FFFE227D' AS TEXT) WHERE id = (SELECT min(id) FROM part)");
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);

        Assert.Equal(OpencodeFiles.SampleOps, await LookAsync(sessions, share));

        Assert.Equal(1, Assert.Single(sessions.Sessions).Skipped);
    }

    [Fact]
    public async Task A_link_of_a_share_of_ours_stays_out_of_the_session_document()
    {
        string path = files.Sample();
        OpencodeFiles.Execute(path, "UPDATE session SET share_url = 'http://h/share/srpc_secret'");
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All, clock);

        await LookAsync(sessions, share);

        Assert.False(folded.All[(Kinds.Session, Session)].TryGetProperty("share", out JsonElement _));
    }

    public void Dispose() => files.Dispose();

    private async Task<int> LookAsync(OpencodeSessions sessions, OfflineShare share)
    {
        int enqueued = await sessions.LookAsync(timeout);
        folded.Apply(share.Take().Select(op => op.Op));
        return enqueued;
    }

    /// <summary>One transaction of event and row, as opencode writes them.</summary>
    private void WritePart(string path, string text)
    {
        string message = (string)OpencodeFiles.Query(path, "SELECT min(id) FROM message")[0][0]!;
        string data = $$"""{"type":"text","text":"{{text}}"}""";
        string part =
            $$"""
            {"id":"prt_new","sessionID":"{{Session}}","messageID":"{{message}}","type":"text",
             "text":"{{text}}"}
            """;
        seq++;
        OpencodeFiles.Execute(
            path,
            $"""
            BEGIN IMMEDIATE;
            INSERT INTO event (id, aggregate_id, seq, type, data)
              VALUES ('evt_{seq}', '{Session}', {seq}, 'message.part.updated.1', $event);
            INSERT INTO part VALUES ('prt_new', '{message}', '{Session}', 1, 1, $data)
              ON CONFLICT (id) DO UPDATE SET data = excluded.data;
            COMMIT
            """,
            ("$event", $$"""{"part":{{part}},"time":1}"""),
            ("$data", data));
    }

    private static void AddSession(string path, string id, string? parent) =>
        OpencodeFiles.AddSession(path, id, parent);
}
