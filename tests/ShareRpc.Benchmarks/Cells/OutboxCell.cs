using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Floors;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Benchmarks.Servers;
using ShareRpc.Client;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>
/// The client library's queue. <c>enqueue</c>: one op at a time, each on disk before the next; <c>start</c>: opening an
/// outbox in which a million rows wait; <c>drain</c>: opening it and sending those rows, until the server has
/// acknowledged the last.
/// </summary>
internal static class OutboxCell
{
    public const string Name = "outbox";
    private const int Queued = 1_000_000;
    private const int AtOnce = 1_000;
    private const int AppendBatch = 100;
    private const int Parts = 2_000;
    private const string ExternalKey = "bench:1";

    public static async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        await using ServerUnderTest server = await Bench.StartServerAsync(cancellationToken);
        if (bench.Options.Includes("enqueue")) await EnqueueAsync(bench, server, cancellationToken);
        if (bench.Options.Includes("drain") || bench.Options.Includes("start"))
            await DrainAsync(bench, server, cancellationToken);
    }

    private static async Task EnqueueAsync(Bench bench, ServerUnderTest server, CancellationToken cancellationToken)
    {
        var run = new CaseRun(Name, "enqueue", "ops/s");
        DirectoryInfo directory = Directory.CreateTempSubdirectory("sharerpc-outbox-");
        try
        {
            string outbox = PathIn(directory);
            await using ShareClient client = await OpenAsync(directory, server, send: false, cancellationToken);
            ShareWriter writer = await client.CreateShareAsync(ExternalKey, null, cancellationToken);
            await EnqueueForARoundAsync(bench, writer, new Latencies(), cancellationToken);
            using SqliteFloors floor = bench.NewRawSqlite();
            for (int round = 0; round < bench.Options.Rounds; round++)
            {
                OutboxCost before = default;
                await bench.RoundAsync(
                    run, server,
                    async () =>
                    {
                        before = OutboxCost.Read(outbox);
                        return (await EnqueueForARoundAsync(bench, writer, run.Latencies, cancellationToken), 0);
                    },
                    time => floor.Measure(1, 1, time));
                before.Note(run, outbox);
            }

            bench.Report(run);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<long> EnqueueForARoundAsync(
        Bench bench, ShareWriter writer, Latencies latencies, CancellationToken cancellationToken)
    {
        Func<bool> goesOn = bench.ForARound();
        long count = 0;
        while (goesOn())
        {
            OpIntent op = NewOp(bench, count++);
            long begun = Stopwatch.GetTimestamp();
            await writer.EnqueueAsync([op], null, cancellationToken);
            latencies.Add(Stopwatch.GetElapsedTime(begun));
        }

        return count;
    }

    private static async Task DrainAsync(Bench bench, ServerUnderTest server, CancellationToken cancellationToken)
    {
        CaseRun start = new(Name, "start", "starts/s"), drain = new(Name, "drain", "ops/s");
        int count = bench.Options.Scale(Queued, AtOnce);
        using SqliteFloors floor = bench.NewRawSqlite();

        for (int round = 0; round < bench.Options.Rounds; round++)
        {
            DirectoryInfo directory = Directory.CreateTempSubdirectory("sharerpc-outbox-");
            try
            {
                await FillAsync(bench, directory, server, count, cancellationToken);
                double appends = await AppendAsync(bench, server, cancellationToken);
                long memory = GC.GetTotalMemory(forceFullCollection: true);
                ShareClient? client = null;
                OutboxCost before = default;
                using var waits = new WaitCounter();
                await bench.RoundAsync(start, server, async () =>
                {
                    long begun = Stopwatch.GetTimestamp();
                    client = await OpenAsync(directory, server, send: false, cancellationToken);
                    start.Latencies.Add(Stopwatch.GetElapsedTime(begun));
                    return (1, 0);
                });
                await client!.DisposeAsync();
                await bench.RoundAsync(
                    drain, server,
                    async () =>
                    {
                        client = await OpenAsync(directory, server, send: true, cancellationToken, waits);
                        before = OutboxCost.Read(PathIn(directory));
                        drain.Note("client_peak_megabytes",
                            (await FlushAsync(client, drain.Latencies, cancellationToken) - memory) / 1e6);
                        return (count, 0);
                    },
                    time => floor.Measure(100, 1, time));
                before.Note(drain, PathIn(directory));
                drain.Note("pushed_back", waits.Count);
                appends = (appends + await AppendAsync(bench, server, cancellationToken)) / 2;
                drain.Note("to_append_1x100", drain.Rounds[^1].Rate / appends);
                drain.Note("client_growth_megabytes", (GC.GetTotalMemory(forceFullCollection: true) - memory) / 1e6);
                await client.DisposeAsync();
            }
            finally
            {
                directory.Delete(recursive: true);
            }
        }

        bench.Report(start);
        bench.Report(drain);
    }

    /// <summary>
    /// Until the queue is empty; what the sender does in one step is a call of its own. The most memory that was in use
    /// after a step.
    /// </summary>
    private static async Task<long> FlushAsync(ShareClient client, Latencies steps, CancellationToken cancellationToken)
    {
        ShareWriter writer = client.Shares.Single();
        Task flushed = client.FlushAsync(cancellationToken);
        long most = 0;
        for (long last = Stopwatch.GetTimestamp(); !flushed.IsCompleted; last = Stopwatch.GetTimestamp())
        {
            await Task.WhenAny(flushed, writer.Changed);
            steps.Add(Stopwatch.GetElapsedTime(last));
            most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: false));
        }

        await flushed;
        return most;
    }

    /// <summary>Ops a second of the append cell's 1x100, on the same server, right before and right after.</summary>
    private static async Task<double> AppendAsync(Bench bench, ServerUnderTest server,
        CancellationToken cancellationToken)
    {
        await using ShareSetup setup = await server.SetUpAsync(cancellationToken);
        (_, ShareToken owner) = await setup.CreateShareAsync(cancellationToken);
        await using LoadWriter writer =
            await LoadWriter.OpenAsync(server.Address, owner, bench.Bodies, Parts, cancellationToken);
        await writer.RunAsync(AppendBatch, new Latencies(), bench.ForARound(), cancellationToken);
        long begun = Stopwatch.GetTimestamp();
        double ops = await writer.RunAsync(AppendBatch, new Latencies(), bench.ForARound(), cancellationToken);
        return ops / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private static async Task FillAsync(
        Bench bench, DirectoryInfo directory, ServerUnderTest server, int count, CancellationToken cancellationToken)
    {
        await using ShareClient client = await OpenAsync(directory, server, send: false, cancellationToken);
        ShareWriter writer = await client.CreateShareAsync(ExternalKey, null, cancellationToken);
        for (int done = 0; done < count; done += AtOnce)
        {
            await writer.EnqueueAsync(
                [.. Enumerable.Range(done, Math.Min(AtOnce, count - done)).Select(i => NewOp(bench, i))], null,
                cancellationToken);
        }
    }

    private static Task<ShareClient> OpenAsync(
        DirectoryInfo directory, ServerUnderTest server, bool send, CancellationToken cancellationToken,
        WaitCounter? waits = null)
    {
        string credentials = Path.Combine(directory.FullName, "credentials.json");
        if (!ShareToken.TryParse(server.RootToken, out ShareToken? root))
            throw new InvalidOperationException("no root token");
        new CredentialStore(credentials).Add(root, server.Address, null, null);
        return ShareClient.OpenAsync(
            new ShareClientOptions
            {
                Server = server.Address, OutboxPath = PathIn(directory), CredentialsPath = credentials,
                CreatorCapId = root.CapId, MaxOutboxBytes = 4L * 1024 * 1024 * 1024,
                Logging = waits ?? (ILoggerFactory)NullLoggerFactory.Instance,
            },
            send: send, cancellationToken: cancellationToken);
    }

    private static string PathIn(DirectoryInfo directory) => Path.Combine(directory.FullName, "outbox.db");

    private static OpIntent NewOp(Bench bench, long index) => new()
    {
        OpId = OpId.New(), Verb = Verbs.Put, Kind = Kinds.Part,
        Key = FormattableString.Invariant($"prt_{index % Parts}"),
        Data = new RawJson(bench.Bodies[index]),
    };
}
