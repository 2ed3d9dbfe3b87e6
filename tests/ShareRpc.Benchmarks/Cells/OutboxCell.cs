using System.Diagnostics;
using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Floors;
using ShareRpc.Benchmarks.Servers;
using ShareRpc.Client;
using ShareRpc.Client.Credentials;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>
/// The client library's queue. <c>enqueue</c>: one op at a time, each on disk before the next; <c>start</c>: opening an outbox in which a
/// million rows wait; <c>drain</c>: those rows, until the server has acknowledged the last.
/// </summary>
internal static class OutboxCell
{
    public const string Name = "outbox";
    private const int Queued = 1_000_000;
    private const int AtOnce = 1_000;
    private const int Parts = 2_000;
    private const string ExternalKey = "bench:1";

    public static async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        await using ServerUnderTest server = await Bench.StartServerAsync(cancellationToken);
        if (bench.Options.Includes("enqueue")) await EnqueueAsync(bench, server, cancellationToken);
        if (bench.Options.Includes("drain") || bench.Options.Includes("start")) await DrainAsync(bench, server, cancellationToken);
    }

    private static async Task EnqueueAsync(Bench bench, ServerUnderTest server, CancellationToken cancellationToken)
    {
        var run = new CaseRun(Name, "enqueue", "ops/s");
        DirectoryInfo directory = Directory.CreateTempSubdirectory("sharerpc-outbox-");
        try
        {
            await using ShareClient client = await OpenAsync(directory, server, send: false, cancellationToken);
            ShareWriter writer = await client.CreateShareAsync(ExternalKey, null, cancellationToken);
            await EnqueueForARoundAsync(bench, writer, new Latencies(), cancellationToken);
            using RawSqlite floor = bench.NewRawSqlite();
            for (int round = 0; round < bench.Options.Rounds; round++)
            {
                await bench.RoundAsync(
                    run, server, async () => (await EnqueueForARoundAsync(bench, writer, run.Latencies, cancellationToken), 0),
                    time => floor.Measure(1, 1, time));
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
        using RawSqlite floor = bench.NewRawSqlite();

        // A million ops are a round by themselves: fewer of them say the same.
        for (int round = 0; round < Math.Max(1, bench.Options.Rounds / 2); round++)
        {
            DirectoryInfo directory = Directory.CreateTempSubdirectory("sharerpc-outbox-");
            try
            {
                await FillAsync(bench, directory, server, count, cancellationToken);
                long memory = GC.GetTotalMemory(forceFullCollection: true);
                ShareClient? client = null;
                await bench.RoundAsync(start, server, async () =>
                {
                    long begun = Stopwatch.GetTimestamp();
                    client = await OpenAsync(directory, server, send: true, cancellationToken);
                    start.Latencies.Add(Stopwatch.GetElapsedTime(begun));
                    return (1, 0);
                });
                await bench.RoundAsync(
                    drain, server,
                    async () =>
                    {
                        await client!.FlushAsync(cancellationToken);
                        return (count, 0);
                    },
                    time => floor.Measure(100, 1, time));
                drain.Note("client_growth_megabytes", (GC.GetTotalMemory(forceFullCollection: true) - memory) / 1e6);
                await client!.DisposeAsync();
            }
            finally
            {
                directory.Delete(recursive: true);
            }
        }

        bench.Report(start);
        bench.Report(drain);
    }

    private static async Task FillAsync(
        Bench bench, DirectoryInfo directory, ServerUnderTest server, int count, CancellationToken cancellationToken)
    {
        await using ShareClient client = await OpenAsync(directory, server, send: false, cancellationToken);
        ShareWriter writer = await client.CreateShareAsync(ExternalKey, null, cancellationToken);
        for (int done = 0; done < count; done += AtOnce)
        {
            await writer.EnqueueAsync(
                [.. Enumerable.Range(done, Math.Min(AtOnce, count - done)).Select(i => NewOp(bench, i))], null, cancellationToken);
        }
    }

    private static Task<ShareClient> OpenAsync(
        DirectoryInfo directory, ServerUnderTest server, bool send, CancellationToken cancellationToken)
    {
        string credentials = Path.Combine(directory.FullName, "credentials.json");
        if (!ShareToken.TryParse(server.RootToken, out ShareToken? root)) throw new InvalidOperationException("no root token");
        new CredentialStore(credentials).Add(root, server.Address, null, null);
        return ShareClient.OpenAsync(
            new ShareClientOptions
            {
                Server = server.Address, OutboxPath = Path.Combine(directory.FullName, "outbox.db"), CredentialsPath = credentials,
                CreatorCapId = root.CapId, MaxOutboxBytes = 4L * 1024 * 1024 * 1024,
            },
            send: send, cancellationToken: cancellationToken);
    }

    private static OpIntent NewOp(Bench bench, long index) => new()
    {
        OpId = OpId.New(), Verb = Verbs.Put, Kind = Kinds.Part, Key = FormattableString.Invariant($"prt_{index % Parts}"),
        Data = new RawJson(bench.Bodies[index]),
    };
}
