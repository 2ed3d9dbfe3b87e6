using Microsoft.Data.Sqlite;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Sqlite;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Client.Writing.Outbox;

/// <summary>Transactions of the outbox's file: who shares one, what is undone, and when the log is copied.</summary>
public sealed class OutboxWritesTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly CancellationTokenSource timeout = new(TimeSpan.FromMinutes(3), TimeProvider.System);
    private readonly OutboxDatabase database;
    private readonly OutboxWrites writes;
    private int commits;

    public OutboxWritesTests()
    {
        database = new OutboxDatabase(directory["outbox.db"]);
        writes = new OutboxWrites(database, () => Interlocked.Increment(ref commits));
        database.Statements.Execute("CREATE TABLE note (text TEXT NOT NULL)");
    }

    [Fact]
    public async Task Callers_that_come_while_a_commit_is_under_way_share_the_next_one()
    {
        Task<bool>[] started = WhileAnotherWrites(() => [.. Enumerable.Range(0, 20).Select(n => AddAsync($"n{n}"))]);
        await Task.WhenAll(started).WaitAsync(timeout.Token);

        Assert.Equal(1, commits);
        Assert.Equal(20, Notes().Count);
    }

    [Fact]
    public async Task One_caller_alone_commits_at_once()
    {
        for (int n = 0; n < 3; n++) await AddAsync($"n{n}").WaitAsync(timeout.Token);

        Assert.Equal(3, commits);
        Assert.Equal(["n0", "n1", "n2"], Notes());
    }

    [Fact]
    public async Task A_part_that_fails_is_undone_by_itself_and_those_that_shared_its_transaction_are_stored()
    {
        Task<bool>[] started = WhileAnotherWrites(() =>
        [
            AddAsync("before"),
            writes.WriteAsync<bool>(
                () =>
                {
                    Add("half");
                    throw new ArgumentException("no");
                },
                timeout.Token),
            AddAsync("after"),
        ]);

        await Assert.ThrowsAsync<ArgumentException>(() => started[1]);
        await Task.WhenAll(started[0], started[2]).WaitAsync(timeout.Token);
        Assert.Equal(1, commits);
        Assert.Equal(["before", "after"], Notes());
    }

    [Fact]
    public async Task When_a_shared_transaction_is_lost_as_a_whole_each_part_is_tried_alone()
    {
        Task<bool>[] started = WhileAnotherWrites(() =>
        [
            AddAsync("before"),
            writes.WriteAsync(
                () =>
                {
                    database.Statements.Execute("ROLLBACK"); // as SQLite does by itself when the disk is full
                    return true;
                },
                timeout.Token),
            AddAsync("after"),
        ]);

        await Assert.ThrowsAsync<OutboxException>(() => started[1]);
        await Task.WhenAll(started[0], started[2]).WaitAsync(timeout.Token);
        Assert.Equal(["before", "after"], Notes());
    }

    [Fact]
    public async Task A_caller_that_gave_up_before_its_turn_writes_nothing()
    {
        using var cancelled = new CancellationTokenSource();
        Task<bool>[] started = WhileAnotherWrites(() =>
        [
            writes.WriteAsync(() => Add("given up"), cancelled.Token),
            AddAsync("kept"),
        ], cancelled.Cancel);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => started[0]);
        await started[1].WaitAsync(timeout.Token);
        Assert.Equal(["kept"], Notes());
    }

    [Fact]
    public async Task What_waits_when_the_outbox_is_closed_is_told_so()
    {
        Task<bool>[] started = WhileAnotherWrites(() => [AddAsync("late"), AddAsync("later")], database.Dispose);

        foreach (Task<bool> write in started) await Assert.ThrowsAsync<ObjectDisposedException>(
            () => write.WaitAsync(timeout.Token));
    }

    [Fact]
    public void The_log_is_copied_into_the_file_when_a_commit_finds_it_too_long()
    {
        using var log = new LogMaintenance(database.Statements, OpenLog(), logBytes: 256 * 1024, TimeSpan.Zero);
        log.AfterCommit();
        Add("logged");
        log.AfterCommit();
        Assert.False(IsInFile("logged"));

        for (int i = 0; i < 10; i++) Add(new string('x', 200_000));
        log.AfterCommit(); // more than four times as much: the commit waits for it
        Assert.True(IsInFile("logged"));
    }

    [Fact]
    public void Commits_do_not_copy_the_log_themselves()
    {
        Assert.Equal(0, database.Statements.ReadNumber("PRAGMA wal_autocheckpoint"));
        Assert.Equal(2, database.Statements.ReadNumber("PRAGMA synchronous"));
    }

    public void Dispose()
    {
        database.Dispose();
        directory.Dispose();
        timeout.Dispose();
    }

    /// <summary>Starts writes while the connection is in use, as it is while a commit runs.</summary>
    private Task<bool>[] WhileAnotherWrites(Func<Task<bool>[]> start, Action? then = null)
    {
        lock (database.Gate)
        {
            Task<bool>[] started = start();
            then?.Invoke();
            return started;
        }
    }

    private Task<bool> AddAsync(string text) => writes.WriteAsync(() => Add(text), timeout.Token);

    private bool Add(string text) => database.Statements.Execute("INSERT INTO note (text) VALUES (?1)", text) == 1;

    private List<string> Notes()
    {
        lock (database.Gate) return database.Statements.ReadAll("SELECT text FROM note ORDER BY rowid",
            row => row.Text(0));
    }

    private SqliteConnection OpenLog()
    {
        var connection = new SqliteConnection($"Data Source={directory["outbox.db"]};Pooling=False");
        connection.Open();
        return connection;
    }

    /// <summary>The file without its log, as it would be if the log were lost.</summary>
    private bool IsInFile(string text) =>
        File.ReadAllBytes(directory["outbox.db"]).AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(text)) >= 0;
}
