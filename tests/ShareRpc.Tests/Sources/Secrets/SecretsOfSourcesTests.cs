using System.Text;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Opencode;
using ShareRpc.Sources.Secrets;
using ShareRpc.Sources.Opencode.Files;
using ShareRpc.Tests.Sources.Opencode;
using ShareRpc.Tests.Sources.Opencode.Files;
using Databases = ShareRpc.Tests.Sources.Opencode.OpencodeFiles;
using FixtureFactAttribute = ShareRpc.Tests.Sources.Opencode.FixtureFactAttribute;

namespace ShareRpc.Tests.Sources.Secrets;

/// <summary>What sources put into the outbox, and what they do not.</summary>
public sealed class SecretsOfSourcesTests : IDisposable
{
    private static readonly string Secret = string.Concat("sk-", "ant-api03-", new string('q', 60), "7");
    private readonly Databases files = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task A_secret_in_rows_events_title_and_todo_never_reaches_the_outbox_and_is_counted()
    {
        string path = WithSecrets();
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.Latest);
        await sessions.LookAsync(timeout);
        AddPartEvent(path);
        await sessions.LookAsync(timeout);

        List<OpIntent> ops = [.. share.Take().Select(op => op.Op)];
        OpencodeSync sync = Assert.Single(sessions.Sessions);
        Assert.DoesNotContain(Secret, sync.Title, StringComparison.Ordinal);
        Assert.Equal("leaks [redacted:anthropic-key]", share.Client.FindShare(sync.Writer.ExternalKey)!.Label);
        Assert.Contains("[redacted:anthropic-key]", ops.Single(op => op.Key == "prt_leak").Data.ToString(),
            StringComparison.Ordinal);
        Assert.Equal(4, sync.Redacted.ByRule["anthropic-key"]); // title, message, to-do list, part
        string? kept = await sync.Writer.ReadBookmarkAsync(SecretCounts.BookmarkName, timeout);
        Assert.Equal(sync.Redacted.ToJson(), kept);
        Assert.False(Holds(files.Folder, Secret, except: path));
    }

    [Fact]
    public async Task Two_processes_make_the_same_ops_of_an_event_with_a_secret()
    {
        string path = WithSecrets();
        await using OfflineShare one = await OfflineShare.OpenAsync(files.Folder, "one");
        await using OfflineShare two = await OfflineShare.OpenAsync(files.Folder, "two");
        using OpencodeSessions first = one.Open(path, OpencodeSelection.Latest);
        using OpencodeSessions second = two.Open(path, OpencodeSelection.Latest);
        await first.LookAsync(timeout);
        await second.LookAsync(timeout);
        AddPartEvent(path);
        await first.LookAsync(timeout);
        await second.LookAsync(timeout);

        OpIntent ofFirst = one.Take().Select(op => op.Op).Single(op => op.Key == "prt_leak");
        OpIntent ofSecond = two.Take().Select(op => op.Op).Single(op => op.Key == "prt_leak");
        Assert.Equal((ofFirst.OpId, ofFirst.Data.ToString()), (ofSecond.OpId, ofSecond.Data.ToString()));
    }

    [Fact]
    public async Task Without_the_scan_everything_is_sent_as_it_is()
    {
        string path = WithSecrets();
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        var options = new OpencodeOptions { DatabasePath = path, LockPath = share.LockPath, Secrets = null };
        using var sessions = new OpencodeSessions(share.Client, options);
        await sessions.LookAsync(timeout);

        Assert.Contains(share.Take(), op => op.Op.Data.ToString()!.Contains(Secret, StringComparison.Ordinal));
        Assert.Equal(0, Assert.Single(sessions.Sessions).Redacted.Total);
    }

    [Fact]
    public async Task A_second_look_at_the_same_secrets_enqueues_nothing()
    {
        string path = WithSecrets();
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        for (int look = 0; look < 2; look++)
        {
            using OpencodeSessions sessions = share.Open(path, OpencodeSelection.Latest);
            await sessions.LookAsync(timeout);
            if (look == 0) Assert.NotEmpty(share.Take());
        }

        Assert.Empty(share.Take());
    }

    [Fact]
    public async Task A_secret_in_a_file_tree_never_reaches_the_outbox()
    {
        using StorageFolder tree = StorageFolder.Small();
        tree.Part("ses_a", "msg_1", "prt_leak", $"my key is {Secret}");
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        var import = new OpencodeFilesImport(share.Client,
            new OpencodeFilesOptions { Path = tree.Path, LockPath = share.LockPath });
        await import.RunAsync(timeout);

        OpIntent part = share.Take().Select(op => op.Op).Single(op => op.Key == "prt_leak");
        Assert.Contains("my key is [redacted:anthropic-key]", part.Data.ToString(), StringComparison.Ordinal);
        Assert.Equal(1,
            import.Sessions.Single(session => session.SessionId == "ses_a").Redacted.ByRule["anthropic-key"]);
        Assert.False(Holds(files.Folder, Secret));
    }

    [FixtureFact]
    public async Task The_recorded_sessions_hold_no_secret_and_are_shared_as_they_are()
    {
        string path = files.Recorded();
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions sessions = share.Open(path, OpencodeSelection.All);
        await sessions.LookAsync(timeout);

        Assert.Equal(0, sessions.Sessions.Sum(session => session.Redacted.Total));
        Assert.Equal(380, share.Take().Count);
    }

    /// <summary>
    /// A secret that is split over two appends would be seen by neither scan. Sources put whole documents: whoever
    /// makes one append has to hold back what may be the beginning of a secret.
    /// </summary>
    [Fact]
    public void Sources_put_whole_documents_and_never_append() => Assert.DoesNotContain(
        Directory.EnumerateFiles(SecretRulesTests.RepositoryFile("src/ShareRpc.Sources"), "*.cs",
            SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal)),
        file => File.ReadAllText(file).Contains("Verbs.Append", StringComparison.Ordinal));

    public void Dispose() => files.Dispose();

    private string WithSecrets()
    {
        string path = files.Sample();
        Databases.Execute(path, "UPDATE session SET title = $t", ("$t", $"leaks {Secret}"));
        Databases.Execute(
            path, "UPDATE message SET data = json_set(data, '$.note', $t) WHERE id = (SELECT min(id) FROM message)",
            ("$t", Secret));
        Databases.Execute(
            path,
            "INSERT INTO todo (session_id, content, status, priority, position, time_created, time_updated) "
                + "SELECT id, $t, 'pending', 'low', 9, 1, 1 FROM session",
            ("$t", Secret));
        return path;
    }

    private static void AddPartEvent(string path)
    {
        string session = Databases.SampleSession;
        string message = (string)Databases.Query(path, "SELECT min(id) FROM message")[0][0]!;
        string part =
            $$"""
            {"id":"prt_leak","sessionID":"{{session}}","messageID":"{{message}}","type":"text",
             "text":"{{Secret}}"}
            """;
        Databases.Execute(
            path,
            "INSERT INTO event (id, aggregate_id, seq, type, data) SELECT 'evt_leak', $s, max(seq) + 1, "
                + "'message.part.updated.1', $d "
                + "FROM event WHERE aggregate_id = $s",
            ("$s", session), ("$d", $$"""{"sessionID":"{{session}}","part":{{part}},"time":1}"""));
        Databases.Execute(
            path, "UPDATE event_sequence SET seq = (SELECT max(seq) FROM event WHERE aggregate_id = $s) WHERE "
                + "aggregate_id = $s",
            ("$s", session));
    }

    private static bool Holds(string folder, string text, string? except = null)
    {
        byte[] wanted = Encoding.UTF8.GetBytes(text);
        return Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(file => except is null || !file.StartsWith(except, StringComparison.Ordinal))
            .Any(file =>
            {
                using var content = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                byte[] bytes = new byte[content.Length];
                content.ReadExactly(bytes);
                return bytes.AsSpan().IndexOf(wanted) >= 0;
            });
    }
}
