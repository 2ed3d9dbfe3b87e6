using System.Diagnostics;
using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Floors;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Benchmarks.Servers;

namespace ShareRpc.Benchmarks;

/// <summary>
/// What cells share: the options, the payload, the floors, the servers of a run, and where figures go.
/// </summary>
internal sealed class Bench(Options options, Action<Figure> report) : IDisposable
{
    private static readonly TimeSpan LongestFloor = TimeSpan.FromSeconds(1);
    private readonly RawSync sync = new();
    private readonly Dictionary<(string Cell, string Name), CaseRun> own = [];

    public Options Options => options;

    public OpBodies Bodies { get; } = new();

    /// <summary>
    /// Reports a case; of the other build of a comparison the ratio of this one's rates to it, round by round: the
    /// median (<c>this_to_it</c>) and an interval that has it with a probability of 90 % at least.
    /// </summary>
    public void Report(CaseRun run)
    {
        if (run.Server == "this") own[(run.Cell, run.Name)] = run;
        else if (own.GetValueOrDefault((run.Cell, run.Name)) is { } paired) run.Compare(paired);
        report(run.Sum());
    }

    /// <summary>Plain SQLite on files of its own, for the cells whose ratio it is.</summary>
    public SqliteFloors NewRawSqlite() => new(Bodies);

    /// <summary>The server built with this program and, in a comparison, the other one.</summary>
    public async Task<IReadOnlyList<ServerUnderTest>> StartServersAsync(CancellationToken cancellationToken)
    {
        List<ServerUnderTest> servers = [await StartServerAsync(cancellationToken)];
        if (options.Against is { } other)
            servers.Add(await ServerUnderTest.StartAsync(other, "against", cancellationToken));
        return servers;
    }

    public static Task<ServerUnderTest> StartServerAsync(CancellationToken cancellationToken) =>
        ServerUnderTest.StartAsync(ServerUnderTest.OwnBuild, "this", cancellationToken);

    /// <summary>Runs a round of work and adds it to its case, with the floors measured right before it.</summary>
    /// <param name="run">The case.</param>
    /// <param name="server">Whose cost is counted.</param>
    /// <param name="work">What is timed; how much of it was done, and bytes of messages.</param>
    /// <param name="rawSqlite">The floor to measure first.</param>
    /// <param name="prepare">Done behind the floors, right before the clock starts.</param>
    public async Task RoundAsync(
        CaseRun run, MeasuredProcess server, Func<Task<(double Work, double WireBytes)>> work,
        Func<TimeSpan, SqliteFloor>? rawSqlite = null, Func<Task>? prepare = null)
    {
        TimeSpan floorTime = options.RoundTime / 2 < LongestFloor ? options.RoundTime / 2 : LongestFloor;
        SqliteFloor floor = rawSqlite?.Invoke(floorTime) ?? default;
        double flushes = sync.Measure(floorTime / 2);
        if (prepare is not null) await prepare();
        Cost before = server.ReadCost();
        long begun = Stopwatch.GetTimestamp();
        (double done, double bytes) = await work();
        double seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        run.Add(new Round(done, seconds, server.ReadCost().Since(before))
        {
            RawSqlite = floor.Ordered, RawRandom = floor.Random, RawSync = flushes, WireBytes = bytes,
        });
    }

    /// <summary>True until a round's time is over.</summary>
    public Func<bool> ForARound()
    {
        long begun = Stopwatch.GetTimestamp();
        return () => Stopwatch.GetElapsedTime(begun) < options.RoundTime;
    }

    public static async Task DisposeAsync(IEnumerable<IAsyncDisposable> things)
    {
        foreach (IAsyncDisposable thing in things) await thing.DisposeAsync();
    }

    public void Dispose() => sync.Dispose();
}
