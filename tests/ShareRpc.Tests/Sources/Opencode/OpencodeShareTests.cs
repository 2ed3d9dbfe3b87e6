using ShareRpc.Client;
using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Sources.Opencode;
using ShareRpc.Tests.MainJob;

namespace ShareRpc.Tests.Sources.Opencode;

/// <summary>From a database to a real server, and read back.</summary>
public sealed class OpencodeShareTests : IDisposable
{
    private readonly OpencodeFiles files = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [FixtureFact]
    public async Task Every_share_equals_its_session_field_by_field_and_a_second_run_applies_nothing()
    {
        string path = files.Recorded();
        await using RunningServer server = await RunningServer.StartAsync();
        await using (ShareClient client = await server.OpenClientAsync())
        {
            using OpencodeSessions sessions = Open(client, path, OpencodeSelection.All);
            await sessions.LookAsync(timeout);
            await sessions.SettleAsync(timeout);
            Assert.Equal(380, sessions.Sessions.Sum(sync => sync.Writer.Status.Applied));
            foreach (OpencodeSync sync in sessions.Sessions)
                await AssertEqualAsync(sync.Writer.ViewerLink!, path, sync.SessionId);
        }

        await using ShareClient second = await server.OpenClientAsync();
        using OpencodeSessions again = Open(second, path, OpencodeSelection.All);
        Assert.Equal(0, await again.LookAsync(timeout));
        await again.SettleAsync(timeout);
        Assert.Equal(380, again.Sessions.Sum(sync => sync.Writer.Status.Acked));

        await using ShareClient other = await server.OpenClientAsync("other");
        ShareWriter first = second.FindShare("opencode:" + OpencodeFiles.LongSession)!;
        using OpencodeSessions elsewhere =
            Open(other, path, OpencodeSelection.Of(OpencodeFiles.LongSession), first.OwnerLink);
        await elsewhere.LookAsync(timeout);
        await elsewhere.SettleAsync(timeout);
        WriterStatus status = Assert.Single(elsewhere.Sessions).Writer.Status;
        Assert.Equal((0, 143), (status.Applied, status.Duplicates));
    }

    [Fact]
    public async Task An_old_reading_of_another_machine_that_lands_late_does_not_last()
    {
        string path = files.Sample();
        await using RunningServer server = await RunningServer.StartAsync();
        await using ShareClient client = await server.OpenClientAsync();
        using OpencodeSessions sessions = Open(client, path, OpencodeSelection.Latest);
        await sessions.LookAsync(timeout);
        await sessions.SettleAsync(timeout);
        ShareWriter writer = Assert.Single(sessions.Sessions).Writer;

        // The other machine reads the same, but cannot send it yet.
        await using (ShareClient offline = await ShareClient.OpenAsync(server.ClientOptions("other"), send: false))
        {
            using OpencodeSessions late = Open(offline, path, OpencodeSelection.Latest, writer.OwnerLink);
            await late.LookAsync(timeout);
            Change(path);
            await late.LookAsync(timeout);
        }

        await sessions.LookAsync(timeout);
        await sessions.SettleAsync(timeout);
        await AssertEqualAsync(writer.ViewerLink!, path, OpencodeFiles.SampleSession);
        await using ShareClient online = await server.OpenClientAsync("other");
        await online.FlushAsync(timeout);
        await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() =>
            AssertEqualAsync(writer.ViewerLink!, path, OpencodeFiles.SampleSession));

        using OpencodeSessions settling = Open(online, path, OpencodeSelection.Latest, writer.OwnerLink);
        await settling.LookAsync(timeout);
        await settling.SettleAsync(timeout);

        await AssertEqualAsync(writer.ViewerLink!, path, OpencodeFiles.SampleSession);
    }

    [Fact]
    public async Task A_run_whose_mapping_gives_the_same_events_other_documents_is_rejected_nothing()
    {
        string path = files.Sample();
        await using RunningServer server = await RunningServer.StartAsync();
        await using ShareClient client = await server.OpenClientAsync();
        using OpencodeSessions sessions = Open(client, path, OpencodeSelection.Latest);
        await sessions.LookAsync(timeout);
        ShareWriter writer = Assert.Single(sessions.Sessions).Writer;
        await using ShareClient other = await server.OpenClientAsync("other");
        string changed = Path.Combine(files.Folder, "changed.db");
        File.Copy(path, changed);
        using OpencodeSessions otherwise = Open(other, changed, OpencodeSelection.Latest, writer.OwnerLink);
        await otherwise.LookAsync(timeout);
        await sessions.SettleAsync(timeout);

        // The event of the same id, as a changed redaction rule or mapping would put it.
        Change(path);
        Change(changed);
        OpencodeFiles.Execute(changed,
            "UPDATE event SET data = replace(data, '\"new\"', '\"[redacted]\"') WHERE id = 'evt_a'");
        await sessions.LookAsync(timeout);
        await writer.FlushAsync(timeout);
        await otherwise.LookAsync(timeout);
        ShareWriter second = Assert.Single(otherwise.Sessions).Writer;
        await second.FlushAsync(timeout);

        Assert.Equal((0, 0), (writer.Status.Failed, second.Status.Failed));
        await using var reader = new ShareReader(writer.ViewerLink!);
        Assert.Contains((await reader.ReadStateAsync([Kinds.Part], timeout)).Documents, part =>
            part.Data.ToString().Contains("\"[redacted]\"", StringComparison.Ordinal));
    }

    public void Dispose() => files.Dispose();

    private static void Change(string path)
    {
        const string session = OpencodeFiles.SampleSession;
        string message = (string)OpencodeFiles.Query(path, "SELECT max(id) FROM message")[0][0]!;
        object?[] part = OpencodeFiles.Query(path, "SELECT id, message_id FROM part ORDER BY id LIMIT 1")[0];
        string ids = $"\"id\":\"{part[0]}\",\"messageID\":\"{part[1]}\",\"sessionID\":\"{session}\"";
        OpencodeFiles.Execute(
            path,
            "INSERT INTO event (id, aggregate_id, seq, type, data) VALUES ('evt_a', $session, 48, "
                + "'message.part.updated.1', $data)",
            ("$session", session),
            ("$data", $$"""{"part":{"type":"text","text":"new",{{ids}}} }"""));
        OpencodeFiles.Execute(path,
            $"UPDATE part SET data = '{{\"type\":\"text\",\"text\":\"new\"}}' WHERE id = '{part[0]}'");
        OpencodeFiles.Execute(
            path,
            "INSERT INTO event (id, aggregate_id, seq, type, data) VALUES ('evt_b', $session, 49, "
                + "'message.removed.1', $data)",
            ("$session", session),
            ("$data", $$"""{"messageID":"{{message}}"}"""));
        OpencodeFiles.Execute(path,
            $"DELETE FROM part WHERE message_id = '{message}'; DELETE FROM message WHERE id = '{message}'");
    }

    private OpencodeSessions Open(ShareClient client, string path, OpencodeSelection selection,
        ShareLink? into = null) =>
        new(client, new OpencodeOptions { DatabasePath = path, LockPath = Path.Combine(files.Folder, "sync.lock"),
            Selection = selection,
            Into = into });

    private async Task AssertEqualAsync(ShareLink link, string path, string sessionId)
    {
        await using var reader = new ShareReader(link);
        ShareSnapshot snapshot = await reader.ReadStateAsync(timeout);
        var folded = new FoldedDocuments();
        folded.Apply(snapshot.Documents.Select(document => new OpIntent
        {
            OpId = "state", Verb = Verbs.Put, Kind = document.Kind, Key = document.Key, Data = document.Data,
        }));
        folded.AssertHoldsExactly(FoldedDocuments.OfRows(path, sessionId));
    }
}
