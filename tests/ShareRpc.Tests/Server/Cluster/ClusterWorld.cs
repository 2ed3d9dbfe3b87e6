using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using ShareRpc.Server.Access;
using ShareRpc.Server.Cluster;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Postgres;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Server.Storage;

namespace ShareRpc.Tests.Server.Cluster;

/// <summary>A database, and nodes on it in one process.</summary>
internal sealed class ClusterWorld : IAsyncDisposable
{
    /// <summary>Longer than a busy machine stops a node that is well.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    private readonly List<TestNode> nodes = [];
    private long refs;

    private ClusterWorld(PostgresDatabase database) => Database = database;

    public PostgresDatabase Database { get; }

    public static async Task<ClusterWorld> OpenAsync(string? database = null) =>
        new(PostgresDatabase.Open(database ?? await TestPostgres.NewDatabaseAsync()));

    /// <param name="name">Its name.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="own">The machine's clock.</param>
    public async Task<TestNode> StartNodeAsync(
        string name, ClusterOptions? options = null, TimeProvider? own = null)
    {
        var node = new TestNode(
            Database, options ?? new ClusterOptions { NodeName = name, Lease = Lease }, own ?? TimeProvider.System);
        nodes.Add(node);
        await node.Node.JoinAsync(CancellationToken.None);
        node.Start();
        return node;
    }

    /// <summary>A ref without a share; its key.</summary>
    public async Task<long> NewRefAsync(long? parentKey = null)
    {
        await using NpgsqlCommand command = Database.Source.CreateCommand(
            """
            INSERT INTO sturdy_ref
              (cap_id, parent_key, parent_epoch, depth, rights, caveats, epoch, verifier, created_ms)
            VALUES ($1, $2, 1, 0, 0, '{}', 1, '', 0) RETURNING ref_key
            """);
        command.Parameters.Add(new()
        {
            Value = Interlocked.Increment(ref refs).ToString(CultureInfo.InvariantCulture),
        });
        command.Parameters.Add(new()
        {
            Value = (object?)parentKey ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint,
        });
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = Database.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (TestNode node in nodes) await node.DisposeAsync();
        await Database.DisposeAsync();
    }
}

/// <summary>A node of a cluster without a server.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly NodeTable table;
    private readonly WakeListener listener;
    private readonly NodeWatch watch;
    private readonly List<Task> loops = [];

    public TestNode(PostgresDatabase database, ClusterOptions options, TimeProvider own)
    {
        Clock = new ClusterClock(own);
        table = new NodeTable(database);
        Lease = new AuthorityLease(Clock, options.Lease);
        Follower = new AuthorityFollower(table, Lease, new AppliedChanges(Registry), Clock, options,
            NullLogger<AuthorityFollower>.Instance);
        Node = new ClusterNode(table, Lease, Follower, Clock, options, NullLogger<ClusterNode>.Instance);
        Wakes = new WakeSender(database, Follower, Clock, options);
        listener = new WakeListener(database, Follower, Hear, Clock, options);
        watch = new NodeWatch(table, Follower, Clock, options, NullLogger<NodeWatch>.Instance);
    }

    public AuthorityRegistry Registry { get; } = new();

    public ClusterClock Clock { get; }

    public AuthorityLease Lease { get; }

    public AuthorityFollower Follower { get; }

    public ClusterNode Node { get; }

    public WakeSender Wakes { get; }

    public ConcurrentQueue<string> Heard { get; } = [];

    /// <summary>A handle on the refs, the outermost last.</summary>
    public Authority Live(params long[] chain)
    {
        RefRow[] rows = [.. chain.Select(key => Seed.Ref(shareKey: 7) with { Key = key })];
        var authority = new Authority(rows[0], rows, "share", Clock, Node);
        Registry.Add(authority);
        return authority;
    }

    public void Start()
    {
        loops.Add(Follower.RunAsync(() => { }, stopping.Token));
        loops.Add(listener.RunAsync(() => { }, stopping.Token));
        loops.Add(watch.RunAsync(() => { }, stopping.Token));
        loops.Add(Wakes.RunAsync(() => { }, stopping.Token));
    }

    private void Hear(ReadOnlySpan<string> shares)
    {
        foreach (string share in shares) Heard.Enqueue(share);
    }

    /// <summary>Ends the loops without a word: as a process that was killed or stopped.</summary>
    public async Task HaltAsync()
    {
        await stopping.CancelAsync();
        foreach (Task loop in loops)
            await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        loops.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await HaltAsync();
        await table.DisposeAsync();
        stopping.Dispose();
    }
}
