using System.Globalization;
using System.Runtime.InteropServices;
using ShareRpc.EndToEndTests.Attacks;
using ShareRpc.EndToEndTests.Cluster;
using ShareRpc.EndToEndTests.Conformance;
using ShareRpc.EndToEndTests.Disk;

namespace ShareRpc.EndToEndTests.Harness;

/// <summary>The test assembly as a program: the workers of a run, and runs by hand.</summary>
internal static class HarnessProgram
{
    private const string Help = """
        harness [--seed N] [--runs K] [--beside M]   K runs with the seeds N, N+1, ..., M of them at a time; a failing
                                                     seed is printed with its findings
        harness --soak TIME [--seed N]               runs until the time is over: 30m, 8h
        cluster [--faults N] [--seed N] [--broken R] three nodes on PostgreSQL, so many faults in runs of 40; R names
                                                     rules that the nodes break on purpose
        cluster-bound [--count N]                    how long revocations take: all nodes well, one dead, one paused
        cluster-figures [--seconds N] [--readers N]  delays between nodes, readers on one and two, revocations under
                                                     writers, bytes an op
        """;

    private static readonly TimeSpan RunDeadline = TimeSpan.FromMinutes(15);

    /// <summary>What repeats a run.</summary>
    public static string CommandOf(int seed) =>
        string.Create(CultureInfo.InvariantCulture,
            $"dotnet run --project tests/ShareRpc.EndToEndTests -- harness --seed {seed}");

    public static Tool Start(string? fault, params string[] arguments)
    {
        Dictionary<string, string>? environment = fault is null ? null : new() { ["SHARERPC_FAULT"] = fault };
        return Tool.StartProgram("ShareRpc.EndToEndTests.dll", environment, arguments);
    }

    public static async Task<int> RunAsync(string[] arguments)
    {
        var rest = new WorkerArguments([.. arguments.Skip(1)]);
        switch (arguments.FirstOrDefault())
        {
            case "server":
                return await ServerWorker.RunAsync(rest);
            case "writer":
                return await WriterWorker.RunAsync(rest);
            case "reader":
                return await ReaderWorker.RunAsync(rest);
            case "enqueue":
                await EnqueueWorker.RunAsync(rest);
                return 0;
            case "revocations":
                return await AttackProgram.RevocationsAsync(rest);
            case "siege":
                return await AttackProgram.SiegeAsync(rest);
            case "erase":
                return await AttackProgram.EraseAsync(rest);
            case "besieger":
                return await Besieger.RunAsync(rest);
            case "wrong-tokens":
                return await AttackProgram.WrongTokensAsync(rest);
            case "backups":
                return await AttackProgram.BackupsAsync(rest);
            case "conform":
                return await ConformanceClient.RunAsync(arguments[1], arguments[2], arguments[3]);
            case "harness":
                return await RunManyAsync(rest);
            case "cluster":
                return await ClusterProgram.RunAsync(rest);
            case "cluster-bound":
                return await ClusterProgram.MeasureAsync(rest);
            case "cluster-figures":
                return await ClusterProgram.FiguresAsync(rest);
            default:
                await Console.Error.WriteLineAsync(Help + "\n" + AttackProgram.Help);
                return 2;
        }
    }

    /// <summary>One run of a seed.</summary>
    public static async Task<RunReport> RunSeedAsync(int seed, HarnessOptions options)
    {
        using var deadline = new CancellationTokenSource(RunDeadline);
        await using var run = new HarnessRun(seed, options);
        return await run.RunAsync(deadline.Token);
    }

    private static async Task<int> RunManyAsync(WorkerArguments arguments)
    {
        TimeSpan? soak = arguments.Has("--soak") ? TimeOf(arguments["--soak"]) : null;
        int first = arguments.Number("--seed", 1);
        long start = TimeProvider.System.GetTimestamp();
        var totals = new RunTotals();
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => Console.WriteLine(totals));
        IEnumerable<int> seeds = Enumerable.Range(0, soak is null ? arguments.Number("--runs", 1) : int.MaxValue)
            .TakeWhile(_ => soak is null || TimeProvider.System.GetElapsedTime(start) < soak)
            .Select(i => unchecked(first + i));
        var beside = new ParallelOptions { MaxDegreeOfParallelism = arguments.Number("--beside", 1) };
        await Parallel.ForEachAsync(seeds, beside, async (seed, _) => await RunOneAsync(seed, totals));
        Console.WriteLine(totals);
        Console.WriteLine($"{totals.Passed} passed, {totals.Failed} failed");
        return totals.Failed == 0 ? 0 : 1;
    }

    /// <summary>Runs a seed. One that fails is told, and counted, and does not end a soak.</summary>
    private static async Task RunOneAsync(int seed, RunTotals totals)
    {
        string said;
        try
        {
            RunReport report = await RunSeedAsync(seed, HarnessOptions.Default);
            totals.Add(report);
            IEnumerable<string> findings = report.Findings.Select(finding => $"{finding.Property}: {finding.Detail}");
            said = string.Join("\n  ", findings.Prepend(report.ToString()));
            if (report.Findings.Count > 0) said += $"\n  repeat: {CommandOf(seed)}";
        }
        catch (InvalidOperationException failure)
        {
            totals.AddFailure();
            said = $"seed {seed} FAILED: {failure.Message}";
        }

        Console.WriteLine(said);
    }

    private static TimeSpan TimeOf(string text)
    {
        int number = int.Parse(text.AsSpan(0, text.Length - 1), CultureInfo.InvariantCulture);
        return text[^1] switch
        {
            's' => TimeSpan.FromSeconds(number),
            'm' => TimeSpan.FromMinutes(number),
            'h' => TimeSpan.FromHours(number),
            _ => throw new InvalidDataException("--soak is a number and s, m or h"),
        };
    }
}
