using System.Diagnostics;
using System.Globalization;
using ShareRpc.EndToEndTests.Attacks;
using ShareRpc.EndToEndTests.Harness;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Cluster;

/// <summary>Runs of three nodes under faults, and what a revocation takes there.</summary>
internal static class ClusterProgram
{
    private const int FaultsOfRun = 40;
    private static readonly TimeSpan RunDeadline = TimeSpan.FromMinutes(15);

    public static async Task<int> RunAsync(WorkerArguments arguments)
    {
        int faults = arguments.Number("--faults", FaultsOfRun);
        int seed = arguments.Number("--seed", 1);
        string broken = arguments.Has("--broken") ? arguments["--broken"] : "";
        int failed = 0;
        int runs = 0;
        for (int done = 0; done < faults; done += FaultsOfRun, runs++)
        {
            string said;
            try
            {
                RunReport report = await RunSeedAsync(seed + runs, Math.Min(FaultsOfRun, faults - done), broken);
                said = string.Join("\n  ", report.Findings.Take(20).Select(finding => finding.ToString())
                    .Prepend(report.ToString()));
                if (report.Findings.Count > 0) failed++;
            }
            catch (InvalidOperationException exception)
            {
                failed++;
                said = $"seed {seed + runs} FAILED: {exception.Message}";
            }

            Console.WriteLine(said);
        }

        Console.WriteLine($"{runs - failed} passed, {failed} failed");
        return failed == 0 ? 0 : 1;
    }

    /// <summary>One run of a seed.</summary>
    public static async Task<RunReport> RunSeedAsync(int seed, int faults, string broken)
    {
        using var deadline = new CancellationTokenSource(RunDeadline);
        var options = new HarnessOptions
        {
            IsCluster = true, Broken = broken, Blows = faults, ServerBlows = 68, LongestPauseMs = 700,
            OpsPerWriter = 12 * faults,
        };
        await using var run = new HarnessRun(seed, options);
        return await run.RunAsync(deadline.Token);
    }

    /// <summary>Measures nodes that are well.</summary>
    public static async Task<int> FiguresAsync(WorkerArguments arguments)
    {
        using var deadline = new CancellationTokenSource(RunDeadline * 3);
        string data = Directory.CreateTempSubdirectory("sharerpc-figures-").FullName;
        await using var servers = new ClusterServers(data, seed: 1, broken: "");
        await servers.StartNodesAsync(hasStandby: false, deadline.Token);
        await new ClusterFigures(servers, await RootOfAsync(data, deadline.Token), deadline.Token).RunAsync(arguments);
        return 0;
    }

    /// <summary>Measures how long the answer to a revocation takes: all nodes well, one dead, one paused.</summary>
    public static async Task<int> MeasureAsync(WorkerArguments arguments)
    {
        int count = arguments.Number("--count", 100);
        using var deadline = new CancellationTokenSource(RunDeadline);
        CancellationToken cancellationToken = deadline.Token;
        string data = Directory.CreateTempSubdirectory("sharerpc-bound-").FullName;
        await using var servers = new ClusterServers(data, seed: 1, broken: "");
        await servers.StartNodesAsync(hasStandby: false, cancellationToken);
        ShareToken root = await RootOfAsync(data, cancellationToken);
        StormShare share = await StormShare.CreateAsync(servers, root, cancellationToken);
        Console.WriteLine($"all nodes well, a share's ref: {await TakeAsync(false, count)}");
        Console.WriteLine($"all nodes well, a creator: {await TakeAsync(true, count)}");
        await servers.Nodes[0].KillAsync(cancellationToken);
        Console.WriteLine($"one node dead, the first: {await TakeAsync(false, 1)}");
        Console.WriteLine($"one node dead, later: {await TakeAsync(false, count)}");
        await servers.Nodes[0].StartAsync(null, cancellationToken);
        await servers.Nodes[1].PauseAsync(cancellationToken);
        Console.WriteLine($"one node paused, the first: {await TakeAsync(false, 1)}");
        Console.WriteLine($"one node paused, later: {await TakeAsync(false, count)}");
        await servers.Nodes[1].ResumeAsync(cancellationToken);
        return 0;

        async Task<string> TakeAsync(bool isCreator, int times)
        {
            var took = new List<TimeSpan>();
            for (int i = 0; i < times; i++)
            {
                ShareToken guest = ShareToken.New(RandomId.New());
                string rights = isCreator ? "create" : "read";
                ShareToken by = isCreator ? root : share.Owner;
                await servers.CallAsync(by, isCreator, "attenuate", $$"""
                    {"cap_id":"{{guest.CapId}}","token_digest":"{{guest.Digest}}","rights":["{{rights}}"]}
                    """, cancellationToken);
                long begun = Stopwatch.GetTimestamp();
                await servers.CallAsync(by, isCreator, "revokeCapability", $$"""{"cap_id":"{{guest.CapId}}"}""",
                    cancellationToken);
                took.Add(Stopwatch.GetElapsedTime(begun));
            }

            Percentiles of = Percentiles.Of(took);
            return string.Create(CultureInfo.InvariantCulture,
                $"p50 {of.P50:F0} ms, p99 {of.P99:F0} ms, longest {of.Max:F0} ms ({times})");
        }
    }

    private static async Task<ShareToken> RootOfAsync(string data, CancellationToken cancellationToken)
    {
        string text = (await File.ReadAllTextAsync(Path.Combine(data, "root.token"), cancellationToken)).Trim();
        return ShareToken.TryParse(text, out ShareToken? root) ? root : throw new InvalidDataException("root.token");
    }
}
