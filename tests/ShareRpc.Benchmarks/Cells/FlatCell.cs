using System.Diagnostics;
using System.Globalization;
using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Floors;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Benchmarks.Servers;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>
/// Whether the cost depends on what is there already. <c>append@N</c>: batches of 100 into a share that holds N ops.
/// <c>state@N</c>: all pages of getState of such a share, right after a restart. <c>parts@N</c>: one op at a time into
/// a share of N parts. <c>session@N</c>: see <see cref="SessionCase"/>.
/// </summary>
internal static class FlatCell
{
    public const string Name = "flat";
    private const int Parts = 2_000;
    private const int Batch = 100;
    private static readonly int[] Sizes = [1_000, 10_000, 100_000, 1_000_000];

    /// <summary>The cases that come out of one growing share.</summary>
    private static readonly string[] Growing =
        [.. Sizes.SelectMany(size => new[] { "append", "state" },
            (size, what) => FormattableString.Invariant($"{what}@{size}")), "grow"];

    private static readonly int[] PartCounts = [100, 10_000];

    public static async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        if (Growing.Any(bench.Options.Includes)) await GrowAsync(bench, cancellationToken);
        await SessionCase.RunAsync(bench, cancellationToken);
        foreach (int parts in PartCounts)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"parts@{parts}");
            if (bench.Options.Includes(name)) await AppendToPartsAsync(bench, name, parts, cancellationToken);
        }
    }

    /// <summary>One share that grows from size to size.</summary>
    private static async Task GrowAsync(Bench bench, CancellationToken cancellationToken)
    {
        await using ServerUnderTest server = await Bench.StartServerAsync(cancellationToken);
        await using ShareSetup setup = await server.SetUpAsync(cancellationToken);
        (_, ShareToken owner) = await setup.CreateShareAsync(cancellationToken);
        LoadWriter writer = await LoadWriter.OpenAsync(server.Address, owner, bench.Bodies, Parts, cancellationToken);
        try
        {
            using SqliteFloors floor = bench.NewRawSqlite();
            foreach (int full in Sizes)
            {
                int size = bench.Options.Scale(full, 100);
                while (writer.Sent < size)
                    await writer.FillAsync((int)Math.Min(1_000, size - writer.Sent), cancellationToken);
                await WarmAsync(bench, server, cancellationToken);
                var append = new CaseRun(Name, string.Create(CultureInfo.InvariantCulture, $"append@{full}"), "ops/s");
                for (int round = 0; round < bench.Options.Rounds; round++)
                {
                    await bench.RoundAsync(
                        append, server,
                        () => writer.RunRoundAsync(Batch, append.Latencies, bench.ForARound(), cancellationToken),
                        time => floor.Measure(Batch, 1, time));
                }

                bench.Report(append);
                writer = await ReadColdAsync(bench, server, writer, owner, full, cancellationToken);
            }
        }
        finally
        {
            await writer.DisposeAsync();
        }
    }

    /// <summary>Before each size, since the server has just started: it would be its code that is compared.</summary>
    private static async Task WarmAsync(Bench bench, ServerUnderTest server, CancellationToken cancellationToken)
    {
        await using ShareSetup setup = await server.SetUpAsync(cancellationToken);
        (_, ShareToken other) = await setup.CreateShareAsync(cancellationToken);
        await using LoadWriter writer =
            await LoadWriter.OpenAsync(server.Address, other, bench.Bodies, Parts, cancellationToken);
        await writer.RunAsync(Batch, new Latencies(), bench.ForARound(), cancellationToken);
    }

    /// <summary>A server that has just started answers all pages; the work is documents.</summary>
    private static async Task<LoadWriter> ReadColdAsync(
        Bench bench, ServerUnderTest server, LoadWriter writer, ShareToken owner, int full,
        CancellationToken cancellationToken)
    {
        var state = new CaseRun(Name, string.Create(CultureInfo.InvariantCulture, $"state@{full}"), "docs/s");
        for (int round = 0; round < bench.Options.Rounds; round++)
        {
            await server.RestartAsync(cancellationToken);
            await using RpcSocket socket = await RpcSocket.ConnectAsync(server.Address, cancellationToken);
            (long handle, _) = await socket.RedeemAsync($$"""{"token":"{{owner.Reveal()}}"}""", cancellationToken);
            await bench.RoundAsync(state, server, async () =>
            {
                long begun = Stopwatch.GetTimestamp();
                double docs = await SessionCase.ReadAllAsync(socket, handle, cancellationToken);
                state.Latencies.Add(Stopwatch.GetElapsedTime(begun));
                return (docs, socket.Bytes);
            });
        }

        bench.Report(state);
        return await ReopenAsync(bench, server, writer, owner, cancellationToken);
    }

    private static async Task<LoadWriter> ReopenAsync(
        Bench bench, ServerUnderTest server, LoadWriter writer, ShareToken owner, CancellationToken cancellationToken)
    {
        long sent = writer.Sent;
        await writer.DisposeAsync();
        LoadWriter next = await LoadWriter.OpenAsync(server.Address, owner, bench.Bodies, Parts, cancellationToken);
        next.ContinueAfter(sent);
        return next;
    }

    private static async Task AppendToPartsAsync(Bench bench, string name, int parts,
        CancellationToken cancellationToken)
    {
        foreach (ServerUnderTest server in await bench.StartServersAsync(cancellationToken))
        {
            await using (server)
            {
                await using ShareSetup setup = await server.SetUpAsync(cancellationToken);
                (_, ShareToken owner) = await setup.CreateShareAsync(cancellationToken);
                int there = bench.Options.Scale(parts, 10);
                await using LoadWriter writer =
                    await LoadWriter.OpenAsync(server.Address, owner, bench.Bodies, there, cancellationToken);
                while (writer.Sent < there) await writer.AppendAsync(Math.Min(100, there), cancellationToken);
                var run = new CaseRun(Name, name, "ops/s", server.Name);
                using SqliteFloors floor = bench.NewRawSqlite();
                await writer.RunAsync(1, new Latencies(), bench.ForARound(), cancellationToken);
                for (int round = 0; round < bench.Options.Rounds; round++)
                {
                    await bench.RoundAsync(
                        run, server, () => writer.RunRoundAsync(1, run.Latencies, bench.ForARound(), cancellationToken),
                        time => floor.Measure(1, 1, time));
                }

                bench.Report(run);
            }
        }
    }
}
