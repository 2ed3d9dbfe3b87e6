using System.Globalization;
using System.Security.Cryptography;
using ShareRpc.EndToEndTests.Harness;
using ShareRpc.Server.Storage.Postgres;

namespace ShareRpc.EndToEndTests.Cluster;

/// <summary>
/// Three nodes over one PostgreSQL, each with a proxy of its own before the database, and revocations on them all the
/// time. Clients come in at any node that runs, with each connection at the next.
/// </summary>
internal sealed class ClusterServers(string data, int seed, string broken) : IServers
{
    private const int Count = 3;
    private const int LongestPauseMs = 3_300;
    private const int MostErrors = 600;
    private readonly SortedDictionary<string, int> faults = new(StringComparer.Ordinal);
    private readonly List<Task> healing = [];
    private readonly byte[] key = RandomNumberGenerator.GetBytes(32);
    private PostgresPair? postgres;
    private NodeSlot[] nodes = [];
    private RevocationStorm? storm;
    private int turn;

    public int Kills => nodes.Sum(node => node.Kills);

    public int Stops => nodes.Sum(node => node.Stops);

    public string Errors => string.Join('\n', nodes.Select(node => $"{node.Name}: {Newest(node.Errors)}"));

    public PostgresServer Postgres => postgres!.Primary;

    public PostgresPair Pair => postgres!;

    public string Database { get; private set; } = "";

    public IReadOnlyList<NodeSlot> Nodes => nodes;

    /// <summary>Returns the next node that takes connections.</summary>
    public Uri? Choose()
    {
        Uri[] running = [.. nodes.Where(node => !node.IsPaused).Select(node => node.Address).OfType<Uri>()];
        return running.Length == 0 ? null : running[(int)((uint)Interlocked.Increment(ref turn) % running.Length)];
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await StartNodesAsync(hasStandby: true, cancellationToken);
        storm = new RevocationStorm(this, Path.Combine(data, "root.token"), seed);
        await storm.StartAsync(cancellationToken);
    }

    /// <summary>Starts the nodes, without revocations.</summary>
    public async Task StartNodesAsync(bool hasStandby, CancellationToken cancellationToken)
    {
        postgres = await PostgresPair.StartAsync(hasStandby);
        Database = await Postgres.NewDatabaseAsync();
        (await PostgresShareStore.OpenAsync(
            PostgresServer.ConnectionString(Database, Postgres.Port), isNew: true, cancellationToken)).Dispose();
        nodes = [.. Enumerable.Range(1, Count).Select(NewNode)];
        await nodes[0].StartAsync(null, cancellationToken); // makes the root token
        File.Copy(Path.Combine(data, nodes[0].Name, "root.token"), Path.Combine(data, "root.token"));
        await Task.WhenAll(nodes.Skip(1).Select(node => node.StartAsync(null, cancellationToken)));
    }

    public async Task ReviveAsync(CancellationToken cancellationToken)
    {
        foreach (Task healed in healing.Where(task => task.IsCompleted).ToList())
        {
            healing.Remove(healed);
            await healed;
        }

        foreach (NodeSlot node in nodes.Where(node => node.HasDied))
        {
            await node.KillAsync(cancellationToken);
            healing.Add(node.StartAsync(null, cancellationToken));
        }
    }

    public async Task StrikeAsync(Dice dice, Func<Task> meanwhile, CancellationToken cancellationToken)
    {
        NodeSlot[] well = [.. nodes.Where(node => node is { Address: not null, IsPaused: false, HasDied: false })];
        int face = dice.Next(0, 100);
        TimeSpan pause = TimeSpan.FromMilliseconds(dice.Next(100, LongestPauseMs));
        string? fault = ServerSlot.FaultOf(dice);
        int chosen = dice.Next(0, Count);
        if (well.Length < 2) face = face % 3 == 0 ? 99 : 50; // what befalls the database and the links
        NodeSlot node = well.Length == 0 ? nodes[0] : well[chosen % well.Length];
        switch (face)
        {
            case < 22:
                Note("kill");
                await node.KillAsync(cancellationToken);
                healing.Add(node.StartAsync(fault, cancellationToken));
                break;
            case < 44:
                Note("pause");
                await node.PauseAsync(cancellationToken);
                healing.Add(AfterAsync(pause, () => node.ResumeAsync(CancellationToken.None), cancellationToken));
                break;
            case < 54:
                Note("backends");
                await TryAsync(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE application_name = 'sharerpc' AND random() < 0.5
                    """);
                break;
            case < 57:
                Note("postmaster");
                await Postgres.KillAsync();
                await meanwhile();
                await Postgres.StartAgainAsync();
                return;
            case < 62:
                Note("failover");
                await FailOverAsync(meanwhile);
                return;
            case < 74:
                Note(face % 2 == 0 ? "freeze" : "part");
                if (face % 2 == 0) node.Link.Freeze();
                else node.Link.FreezeSome(() => dice.Next(0, 2) == 0);
                healing.Add(AfterAsync(pause, () => ThawAsync(node), cancellationToken));
                break;
            case < 86:
                Note("link");
                node.Link.Arm(LinkFault(dice));
                break;
            case < 90:
                Note("stop");
                await node.StopAsync(cancellationToken);
                healing.Add(node.StartAsync(null, cancellationToken));
                break;
            default:
                Note("cut");
                foreach (NodeSlot other in nodes) other.Link.Arm(Fault.CutAll);
                break;
        }

        await meanwhile();
    }

    private static Task ThawAsync(NodeSlot node)
    {
        node.Link.Thaw();
        return Task.CompletedTask;
    }

    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(healing);
        healing.Clear();
        foreach (NodeSlot node in nodes) node.Link.Disarm();
        await ReviveAsync(cancellationToken);
        if (storm is not null) await storm.StopAsync();
    }

    public async Task<IReadOnlyList<Finding>> JudgeAsync(CancellationToken cancellationToken) =>
        storm is null ? [] : await storm.JudgeAsync(cancellationToken);

    public string Describe() =>
        $"nodes: {string.Join(", ", faults.Select(fault => $"{fault.Key} {fault.Value}"))}; {storm?.Figures}; ";

    public async ValueTask DisposeAsync()
    {
        if (storm is not null) await storm.DisposeAsync();
        await Task.WhenAll(healing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (NodeSlot node in nodes) await node.DisposeAsync();
        if (postgres is not null) await postgres.DisposeAsync();
    }

    private static string Newest(string errors) => errors[Math.Max(0, errors.Length - MostErrors)..];

    private static Fault LinkFault(Dice dice) => dice.Next(0, 5) switch
    {
        0 => Fault.CutBeforeSend,
        1 => Fault.CutAfterSend,
        2 => Fault.CutMidFrame,
        3 => Fault.Delay,
        _ => Fault.BlackHole,
    };

    private static async Task AfterAsync(TimeSpan pause, Func<Task> heal, CancellationToken cancellationToken)
    {
        try
        {
            await Until.PassedAsync(pause, cancellationToken);
        }
        finally
        {
            await heal();
        }
    }

    /// <summary>All nodes have the same key.</summary>
    private NodeSlot NewNode(int number)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"n{number}");
        string directory = Path.Combine(data, name);
        string keys = Directory.CreateDirectory(Path.Combine(directory, "keys")).FullName;
        File.WriteAllBytes(Path.Combine(keys, "token.key"), key);
        return new NodeSlot(name, directory, Postgres.Port, Database, broken)
        {
            ClockOff = TimeSpan.FromHours(number - 2), // one is an hour behind, one an hour ahead
        };
    }

    private async Task FailOverAsync(Func<Task> meanwhile)
    {
        await Postgres.KillAsync();
        await Pair.PromoteAsync();
        foreach (NodeSlot node in nodes) node.Follow(Postgres.Port);
        await meanwhile();
        await Pair.AddStandbyAsync();
    }

    private void Note(string fault) => faults[fault] = faults.GetValueOrDefault(fault) + 1;

    private async Task TryAsync(string sql)
    {
        try
        {
            await Postgres.ExecuteAsync(sql);
        }
        catch (Npgsql.NpgsqlException)
        {
            // It is away by itself.
        }
    }
}
