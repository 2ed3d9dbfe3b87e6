using ShareRpc.Client;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Tests.Client.Writing.Outbox;

public class OutboxTests : ClientTest
{
    [Fact]
    public async Task What_was_enqueued_is_on_disk_when_the_call_returns()
    {
        await using (ShareClient client = await OpenOfflineAsync())
        {
            ShareWriter writer = await client.CreateShareAsync("test:1", "one", Timeout);
            await writer.EnqueueAsync(Puts(3), new EnqueueOptions { Bookmark = new Bookmark("position", "7") },
                Timeout);

            // Not closed yet: another connection sees what is committed, and nothing else.
            Assert.Equal(["op-1", "op-2", "op-3"], Query("SELECT op_id FROM op ORDER BY seq", row => row.GetString(0)));
        }

        await using ShareClient reopened = await OpenOfflineAsync();
        ShareWriter again = Assert.Single(reopened.Shares);
        Assert.Equal(3, again.Status.Pending);
        Assert.Equal("7", await again.ReadBookmarkAsync("position", Timeout));
    }

    [Fact]
    public async Task Every_commit_of_the_outbox_is_synced()
    {
        using var database = new OutboxDatabase(Options.OutboxPath);
        await Task.CompletedTask;
        Assert.Equal(2, database.Statements.ReadNumber("PRAGMA synchronous"));
        Assert.Equal("wal", database.Statements.ReadText("PRAGMA journal_mode"));
        Assert.Equal(1, database.Statements.ReadNumber("PRAGMA foreign_keys"));
    }

    [Fact]
    public async Task Seqs_are_gapless_from_1_whoever_enqueues_at_the_same_time()
    {
        await using ShareClient client = await OpenOfflineAsync();
        await using ShareClient other = await OpenOfflineAsync();
        ShareWriter mine = await client.CreateShareAsync("test:1", null, Timeout);
        ShareWriter theirs = await other.CreateShareAsync("test:1", null, Timeout);
        await Task.WhenAll(Enumerable.Range(0,
            20).Select(n => (n % 2 == 0 ? mine : theirs).EnqueueAsync(Puts(5, $"{n}-"), null, Timeout)));

        Assert.Equal(Enumerable.Range(1, 100).Select(n => (long)n),
            Query("SELECT seq FROM op ORDER BY seq", row => row.GetInt64(0)));
    }

    [Fact]
    public async Task An_external_key_names_one_share()
    {
        await using ShareClient client = await OpenOfflineAsync();
        ShareWriter first = await client.CreateShareAsync("test:1", "one", Timeout);
        ShareWriter second = await client.CreateShareAsync("test:1", "two", Timeout);

        Assert.Equal(first.ShareId, second.ShareId);
        Assert.Single(client.Shares);
        Assert.Equal("one", client.FindShare("test:1")!.Label);
        Assert.Null(client.FindShare("test:2"));
    }

    [Fact]
    public async Task A_bookmark_is_stored_without_ops_too()
    {
        await using ShareClient client = await OpenOfflineAsync();
        ShareWriter writer = await client.CreateShareAsync("test:1", null, Timeout);
        await writer.EnqueueAsync([], new EnqueueOptions { Bookmark = new Bookmark("a", "1") }, Timeout);
        await writer.EnqueueAsync([], new EnqueueOptions { Bookmark = new Bookmark("a", "2") }, Timeout);

        Assert.Equal("2", await writer.ReadBookmarkAsync("a", Timeout));
        await writer.EnqueueAsync([], new EnqueueOptions { Bookmark = new Bookmark("a", "") }, Timeout);
        Assert.Equal("", await writer.ReadBookmarkAsync("a", Timeout));
        Assert.Null(await writer.ReadBookmarkAsync("b", Timeout));
        Assert.Equal(0, writer.Status.Pending);
    }

    [Fact]
    public async Task An_op_that_the_server_would_refuse_is_refused_at_once_and_nothing_is_stored()
    {
        await using ShareClient client = await OpenOfflineAsync();
        ShareWriter writer = await client.CreateShareAsync("test:1", null, Timeout);
        OpIntent[][] mistakes =
        [
            [Put("ok"), Put("bad") with { Verb = "upsert" }],
            [Put("ok"), Put("with space")],
            [Put("ok"), Put("bad") with { Kind = "Part" }],
            [Put("ok"), Put("bad") with { Data = null }],
            [Put("ok"), Put("bad", "\"text\"")],
        ];
        var options = new EnqueueOptions { Bookmark = new Bookmark("position", "1") };
        foreach (OpIntent[] ops in mistakes)
            await Assert.ThrowsAsync<ArgumentException>(() => writer.EnqueueAsync(ops, options, Timeout));

        Assert.Equal(0, writer.Status.Pending);
        Assert.Null(await writer.ReadBookmarkAsync("position", Timeout));
    }

    [Fact]
    public async Task A_full_outbox_refuses_and_keeps_what_it_has()
    {
        Options = Options with { MaxOutboxBytes = 1024 * 1024 };
        await using ShareClient client = await OpenOfflineAsync();
        ShareWriter writer = await client.CreateShareAsync("test:1", null, Timeout);
        string big = $"[\"{new string('x', 400_000)}\"]";
        OutboxException? full = null;
        int stored = 0;
        for (; stored < 10 && full is null; stored++)
        {
            full = (OutboxException?)await Record.ExceptionAsync(() =>
                writer.EnqueueAsync([Put($"op-{stored}", big)], null, Timeout));
        }

        Assert.Contains("full", full!.Message, StringComparison.Ordinal);
        Assert.Equal(stored - 1, writer.Status.Pending);
        Assert.InRange(stored - 1, 1, 5);
    }

    [Fact]
    public async Task A_newer_file_is_refused_with_the_next_step_and_left_as_it_is()
    {
        await (await OpenOfflineAsync()).DisposeAsync();
        Query("PRAGMA user_version = 9999", row => row.GetInt64(0));
        OutboxException refused = await Assert.ThrowsAsync<OutboxException>(OpenOfflineAsync);

        Assert.Contains("newer version", refused.Message, StringComparison.Ordinal);
        Assert.Equal(9999, Query("PRAGMA user_version", row => row.GetInt64(0))[0]);
    }

    [Fact]
    public async Task A_file_from_before_the_first_release_is_refused_with_the_next_step_and_left_as_it_is()
    {
        await (await OpenOfflineAsync()).DisposeAsync();
        Query("PRAGMA user_version = 0", row => row.GetInt64(0));
        OutboxException refused = await Assert.ThrowsAsync<OutboxException>(OpenOfflineAsync);

        Assert.Contains("outbox.db was written by a version of sharerpc from before", refused.Message,
            StringComparison.Ordinal);
        Assert.Contains("Move it away, or use another --state directory.", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, Query("PRAGMA user_version", row => row.GetInt64(0))[0]);
    }

    [Fact]
    public async Task Processes_that_open_a_new_outbox_at_once_all_get_it()
    {
        ShareClient[] clients = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => OpenOfflineAsync()));
        foreach (ShareClient client in clients) await client.DisposeAsync();
        Assert.Equal([1L], Query("PRAGMA user_version", row => row.GetInt64(0)));
    }

    [Fact]
    public async Task An_op_id_that_waits_already_is_stored_once()
    {
        await using ShareClient client = await OpenOfflineAsync();
        ShareWriter writer = await client.CreateShareAsync("test:1", null, Timeout);
        await writer.EnqueueAsync([Put("a"), Put("b")], null, Timeout);
        await writer.EnqueueAsync([Put("b"), Put("c")], null, Timeout);

        Assert.Equal(["a1", "b2", "c3"], Query("SELECT op_id || seq FROM op ORDER BY seq", row => row.GetString(0)));
    }

    [Fact]
    public async Task An_op_id_that_waits_with_other_content_is_refused_aloud()
    {
        await using ShareClient client = await OpenOfflineAsync();
        ShareWriter writer = await client.CreateShareAsync("test:1", null, Timeout);
        await writer.EnqueueAsync([Put("a", """{"v":1}""")], null, Timeout);

        await Assert.ThrowsAnyAsync<Exception>(() => writer.EnqueueAsync([Put("a", """{"v":2}""")], null, Timeout));
    }

    [Fact]
    public async Task Invariant_I10_no_token_gets_into_the_outbox()
    {
        (_, ShareLink joined) = AddShare();
        await using (ShareClient client = await OpenAsync())
        {
            ShareWriter own = await client.CreateShareAsync("test:own", "mine", Timeout);
            ShareWriter other = await client.JoinShareAsync("test:joined", joined, Timeout);
            ShareLink invited = await own.InviteAsync(Rights.Read, "guest", null, Timeout);
            await own.RevokeAsync(invited.Token.CapId, Timeout);
            await own.EnqueueAsync(Puts(3), null, Timeout);
            await other.EnqueueAsync(Puts(3), null, Timeout);
            await client.FlushAsync(Timeout);
            await own.InviteAsync(Rights.Read, "another guest", null, Timeout);
        }

        Assert.True(Credentials.List().Count >= 5);
        foreach (string file in Directory.GetFiles(Files.Path, "outbox.db*"))
        {
            string bytes = System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, Timeout));
            foreach (Credential credential in Credentials.List().Values)
            {
                string secret = credential.Token.Split('_')[2];
                Assert.DoesNotContain(secret, bytes, StringComparison.Ordinal);
            }
        }
    }
}
