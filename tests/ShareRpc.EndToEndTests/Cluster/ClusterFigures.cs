using System.Diagnostics;
using System.Globalization;
using Npgsql;
using ShareRpc.EndToEndTests.Attacks;
using ShareRpc.EndToEndTests.Harness;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Cluster;

/// <summary>
/// Measures three nodes that are well: from an acknowledgement on one to a reader on another, readers on one node and
/// on two, revocations under writers, and what an op costs the database.
/// </summary>
internal sealed class ClusterFigures(ClusterServers servers, ShareToken root, CancellationToken stop)
{
    private const int Writers = 32;
    private const int Data = 405;
    private readonly string body = new('x', Data);
    private long ops;

    public async Task RunAsync(WorkerArguments arguments)
    {
        int seconds = arguments.Number("--seconds", 10);
        Console.WriteLine($"load of the machine: {(await File.ReadAllTextAsync("/proc/loadavg", stop)).Trim()}");
        long sizeBefore = await NumberAsync("SELECT pg_database_size(current_database())");
        Console.WriteLine($"acknowledged on one node to a reader on another, 50 ops/s: {await DelayAsync(seconds)}");
        int readers = arguments.Number("--readers", 1_000);
        var onOne = new List<double>();
        var onTwo = new List<double>();
        for (int round = 0; round < arguments.Number("--rounds", 3); round++)
        {
            onOne.Add(await DeliverAsync(readers, nodes: 1));
            onTwo.Add(await DeliverAsync(readers, nodes: 2));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{readers} readers, ops to each a second: on one node {Median(onOne):F1}, on two {Median(onTwo):F1}"));
        await RevokeUnderWritersAsync(seconds);
        await RevokeUnderWritersAsync(seconds, isCreator: true);
        long size = await NumberAsync("SELECT pg_database_size(current_database())") - sizeBefore;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"database: {size / (double)ops:F0} bytes an op of {Data} bytes of data ({ops} ops)"));
        foreach (NodeSlot node in servers.Nodes)
            Console.WriteLine($"{node.Name}: {node.ResidentMegabytes()} MB resident");
        Console.WriteLine("connections: " + await NumberAsync(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sharerpc'"));
        Console.WriteLine($"load of the machine: {(await File.ReadAllTextAsync("/proc/loadavg", stop)).Trim()}");
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    /// <summary>From the answer on one node to the page on another; what came before its answer counts as nothing.
    /// </summary>
    private async Task<string> DelayAsync(int seconds)
    {
        StormShare share = await StormShare.CreateAsync(servers, root, stop);
        await using var writer = await HandleAsync(0, share.Owner);
        await using var reader = await HandleAsync(1, share.Owner);
        int count = seconds * 50;
        var acked = new long[count + 1];
        var seen = new long[count + 1];
        Task reading = reader.FollowAsync(0, count, (cursor, at) => seen[cursor] = at);
        long begun = Stopwatch.GetTimestamp();
        var sending = new List<Task>();
        for (int i = 0; i < count; i++)
        {
            TimeSpan wait = TimeSpan.FromMilliseconds(20 * i) - Stopwatch.GetElapsedTime(begun);
            if (wait > TimeSpan.Zero) await Until.PassedAsync(wait, stop);
            sending.Add(AppendAsync());
        }

        await Task.WhenAll(sending);
        await reading;
        Percentiles of = Percentiles.Of(Enumerable.Range(1, count).Select(
            i => TimeSpan.FromTicks(Math.Max(Stopwatch.GetElapsedTime(acked[i], seen[i]).Ticks, 0))));
        return $"{Text(of)} ({count})";

        async Task AppendAsync()
        {
            long cursor = await writer.AppendAsync(body);
            acked[cursor] = Stopwatch.GetTimestamp();
            Interlocked.Increment(ref ops);
        }
    }

    /// <summary>Appends flat out; returns how many ops a second each reader got until all had all.</summary>
    private async Task<double> DeliverAsync(int readers, int nodes)
    {
        const int Count = 100;
        StormShare share = await StormShare.CreateAsync(servers, root, stop);
        await using var writer = await HandleAsync(2, share.Owner);
        ClusterHandle[] handles = await Task.WhenAll(
            Enumerable.Range(0, readers).Select(i => HandleAsync(i % nodes, share.Owner)));
        try
        {
            Task[] reading = [.. handles.Select(handle => handle.FollowAsync(0, Count, static (_, _) => { }))];
            long begun = Stopwatch.GetTimestamp();
            for (int i = 0; i < Count; i++) await writer.AppendAsync(body);
            ops += Count;
            await Task.WhenAll(reading);
            return Count / Stopwatch.GetElapsedTime(begun).TotalSeconds;
        }
        finally
        {
            foreach (ClusterHandle handle in handles) await handle.DisposeAsync();
        }
    }

    private async Task RevokeUnderWritersAsync(int seconds, bool isCreator = false)
    {
        StormShare share = await StormShare.CreateAsync(servers, root, stop);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        long appended = 0;
        Task[] writing = [.. Enumerable.Range(0, Writers).Select(WriteAsync)];
        var took = new List<TimeSpan>();
        long begun = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(seconds))
        {
            ShareToken guest = ShareToken.New(RandomId.New());
            ShareToken by = isCreator ? root : share.Owner;
            string rights = isCreator ? "create" : "read";
            await servers.CallAsync(by, isCreator, "attenuate", $$"""
                {"cap_id":"{{guest.CapId}}","token_digest":"{{guest.Digest}}","rights":["{{rights}}"]}
                """, stop);
            long asked = Stopwatch.GetTimestamp();
            await servers.CallAsync(
                by, isCreator, "revokeCapability", $$"""{"cap_id":"{{guest.CapId}}"}""", stop);
            took.Add(Stopwatch.GetElapsedTime(asked));
        }

        double rate = Interlocked.Read(ref appended) / Stopwatch.GetElapsedTime(begun).TotalSeconds;
        await ending.CancelAsync();
        await Task.WhenAll(writing);
        ops += appended;
        string what = isCreator ? "a creator" : "a share's ref";
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"revocation of {what} under {Writers} writers ({rate:F0} ops/s): {Text(Percentiles.Of(took))} ")
            + $"({took.Count})");

        async Task WriteAsync(int i)
        {
            StormShare own = i == 0 ? share : await StormShare.CreateAsync(servers, root, stop);
            await using var writer = await HandleAsync(i % servers.Nodes.Count, own.Owner);
            while (!ending.IsCancellationRequested)
            {
                await writer.AppendAsync(body);
                Interlocked.Increment(ref appended);
            }
        }
    }

    private async Task<ClusterHandle> HandleAsync(int node, ShareToken token) =>
        await ClusterHandle.OpenAsync(servers.Nodes[node].Address!, token, stop);

    private async Task<long> NumberAsync(string sql)
    {
        await using NpgsqlConnection connection = await servers.Postgres.OpenAsync(servers.Database, stop);
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync(stop))!;
    }

    private static string Text(Percentiles of) => string.Create(CultureInfo.InvariantCulture,
        $"p50 {of.P50:F1} ms, p99 {of.P99:F1} ms, longest {of.Max:F0} ms");
}
