using System.Collections.Concurrent;
using System.Globalization;
using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Agents;

/// <summary>
/// A real agent writes, `sharerpc share` follows it, a reader follows that, and server, sharer and agent are killed in
/// turn: every text, thought and result of a tool arrives once and in order, soon after the agent has written it.
/// </summary>
[Trait("Suite", "Deep")]
public sealed class SharedAgentTests(Xunit.Abstractions.ITestOutputHelper output) : IDisposable
{
    private const double BoundMs = 1_000;
    private const int QuietTurns = 3;
    private static readonly string[] Victims = ["server", "sharer", "agent"];

    private readonly string home = Directory.CreateTempSubdirectory("sharerpc-live-").FullName;
    private readonly int kills = DeepSize.Or(1);
    private readonly ShownDocuments shown = new();
    private readonly ConcurrentDictionary<string, long> arrived = [];
    private readonly ConcurrentDictionary<string, long> queued = [];
    private readonly ConcurrentQueue<LoggedOp> log = [];
    private readonly List<(string Victim, long From, long To)> outages = [];
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(40)).Token;

    public void Dispose() => Directory.Delete(home, recursive: true);

    [AgentFact("claude", Timeout = 2_700_000)]
    public Task Everything_that_Claude_Code_writes_arrives_once_and_in_order_over_kills_of_all() => RunAsync("claude");

    [AgentFact("codex", Timeout = 2_700_000)]
    public Task Everything_that_Codex_writes_arrives_once_and_in_order_over_kills_of_all() => RunAsync("codex");

    [AgentFact("gemini", Timeout = 2_700_000)]
    public Task Everything_that_Gemini_writes_arrives_once_and_in_order_over_kills_of_all() => RunAsync("gemini");

    private async Task RunAsync(string name)
    {
        Assert.Null(AgentPackage.Of(name).WhyNot());
        int turns = (kills * Victims.Length) + QuietTurns;
        await using AgentModel model = await AgentModel.StartAsync(
            Enumerable.Range(0, turns + 1).ToDictionary(turn => $"Turn {turn:D2}", turn => Replies(name, turn)));
        AgentProgram agent = AgentProgram.Of(name, home, model.Address);
        await using var world = new World();
        await world.StartServerAsync(null, timeout);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(timeout);
        var written = new WrittenMarks(home);
        Task watching = written.WatchAsync(done.Token);
        await agent.RunAsync("Turn 00", goesOn: false, timeout);
        Tool sharer = Share(world, name);
        ShareLink link = await LinkOfAsync(sharer);
        Task following = FollowAsync(link, done.Token);
        await ArrivedAsync("done-00", following);

        var cutShort = new HashSet<string>();
        for (int turn = 1; turn <= turns; turn++)
        {
            string? victim = turn <= turns - QuietTurns ? Victims[turn % Victims.Length] : null;
            await using Tool run = agent.Start($"Turn {turn:D2}", goesOn: true);
            if (victim is not null)
                await Until.TrueAsync(() => written.Seen.ContainsKey($"said-{turn:D2}") || run.HasExited, timeout);
            long killed = TimeProvider.System.GetTimestamp();
            switch (victim)
            {
                case "server":
                    world.ServerProcess!.Kill();
                    await world.ServerProcess.DisposeAsync();
                    await world.StartServerAsync(null, timeout);
                    outages.Add((victim, killed, TimeProvider.System.GetTimestamp()));
                    break;
                case "sharer":
                    await sharer.DisposeAsync();
                    sharer = Share(world, name);
                    await LinkOfAsync(sharer);
                    outages.Add((victim, killed, TimeProvider.System.GetTimestamp()));
                    break;
                case "agent":
                    run.Kill();
                    cutShort.UnionWith([$"out-{turn:D2}", $"done-{turn:D2}"]);
                    break;
            }

            await run.WaitForExitAsync(timeout);
            if (victim != "agent") await ArrivedAsync($"done-{turn:D2}", following);
        }

        await ArrivedAsync($"done-{turns:D2}", following);
        await done.CancelAsync();
        await watching;
        await sharer.DisposeAsync();
        string[] expected =
        [
            .. Enumerable.Range(0, turns + 1).SelectMany(turn => Marks(turn)).Where(mark => !cutShort.Contains(mark)),
        ];
        Assert.Equal(expected, shown.Shown.SelectMany(WrittenMarks.In).Where(mark => !cutShort.Contains(mark)));
        Assert.Equal(Enumerable.Range(1, log.Count), log.Select(op => (int)op.Cursor));
        Assert.Equal(log.Count, log.Select(op => op.OpId).Distinct().Count());
        Report(name, written, turns);
    }

    /// <summary>
    /// Prints how long marks took. Of turns in which nothing was killed, 95 of 100 are held to the bound at the full
    /// size, half of them at that of CI, where a few slow ones say what else the machine does.
    /// </summary>
    private void Report(string name, WrittenMarks written, int turns)
    {
        double Late(string mark) =>
            TimeProvider.System.GetElapsedTime(written.Seen[mark], arrived[mark]).TotalMilliseconds;
        // The first turn was written before anybody followed.
        string[] followed = [.. arrived.Keys.Where(written.Seen.ContainsKey)
            .Where(mark => !mark.EndsWith("-00", StringComparison.Ordinal))];
        double[] all = [.. followed.Select(Late).Order()];
        double[] up = [.. followed.Where(mark => !IsInOutage(written.Seen[mark])).Select(Late).Order()];
        foreach ((string victim, long from, long to) in outages)
        {
            IEnumerable<string> during = arrived.Keys.Where(written.Seen.ContainsKey)
                .Where(mark => written.Seen[mark] >= from && written.Seen[mark] < to).Order()
                .Select(mark => $"{mark} {TimeProvider.System.GetElapsedTime(to, arrived[mark]).TotalMilliseconds:F0}");
            output.WriteLine($"{victim} was away for "
                + $"{TimeProvider.System.GetElapsedTime(from, to).TotalMilliseconds:F0} ms; what was written then came "
                + $"these ms after it was back: {string.Join(", ", during)}");
        }

        IEnumerable<string> slowest = followed.OrderByDescending(Late).Take(8)
            .Select(mark => $"{mark} {Late(mark):F0} ({Victims[int.Parse(mark[^2..]) % Victims.Length]})");
        output.WriteLine($"slowest, with what was killed in their turn: {string.Join(", ", slowest)}");
        IEnumerable<int> last = Enumerable.Range(turns - QuietTurns + 1, QuietTurns);
        double[] quiet = [.. last.SelectMany(turn => Marks(turn)).Select(Late).Order()];
        double[] outbox = [.. last.SelectMany(turn => Marks(turn)).Select(mark => Queued(written, mark)).Order()];
        output.WriteLine($"{name}: {kills} kills of each; from the agent's write to the reader, p95 "
            + $"{P95(quiet):F0} ms in {quiet.Length} writes without kills, {P95(all):F0} ms in all {all.Length}, "
            + $"{P95(up):F0} ms in the {up.Length} not written while the victim was away; "
            + $"to the op in the outbox {P95(outbox):F0} ms without kills");
        Assert.InRange(kills > 1 ? P95(quiet) : quiet[quiet.Length / 2], 0, BoundMs);
    }

    /// <summary>Returns the milliseconds from when a mark was found to when its op got its id, which says the time.
    /// </summary>
    private double Queued(WrittenMarks written, string mark)
    {
        double age = TimeProvider.System.GetElapsedTime(written.Seen[mark]).TotalMilliseconds;
        return queued[mark] - (TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - age);
    }

    private bool IsInOutage(long moment) => outages.Any(outage => moment >= outage.From && moment < outage.To);

    private static double P95(double[] sorted) => sorted[(int)Math.Ceiling(sorted.Length * 0.95) - 1];

    private static string[] Marks(int turn) =>
        [$"thought-{turn:D2}", $"said-{turn:D2}", $"out-{turn:D2}", $"done-{turn:D2}"];

    private static AgentReply[] Replies(string name, int turn) =>
    [
        new AgentReply($"said-{turn:D2}", $"thought-{turn:D2}",
            AgentProgram.Shell(name, $"sleep 0.5; printf 'out-%02d' {turn}")),
        new AgentReply($"done-{turn:D2}", null),
    ];

    private Tool Share(World world, string name) => Tool.Start(
        new Dictionary<string, string> { ["HOME"] = home },
        "share", "--latest", "--agent", name, "--json", "--server", world.Server.GetLeftPart(UriPartial.Authority),
        "--token-file", world.TokenFile, "--state", world.PathOf("state"));

    private async Task<ShareLink> LinkOfAsync(Tool sharer)
    {
        await Until.TrueAsync(() => sharer.HasExited || sharer.Objects.Any(line => line["link"] is not null), timeout);
        Assert.False(sharer.HasExited, sharer.Errors);
        string link = (string)sharer.Objects.First(line => line["link"] is not null)["link"]!;
        Assert.True(ShareLink.TryParse(link, out ShareLink? parsed));
        return parsed;
    }

    private async Task FollowAsync(ShareLink link, CancellationToken cancellationToken)
    {
        await using var reader = new ShareReader(link, new ShareReaderOptions
        {
            InvalidTokenPatience = TimeSpan.FromMinutes(5), MaxRetry = TimeSpan.FromMilliseconds(500),
        });
        try
        {
            await foreach (LoggedOp op in reader.FollowAsync(0, cancellationToken))
            {
                long now = TimeProvider.System.GetTimestamp();
                log.Enqueue(op);
                if (op.Verb == Verbs.Append) continue; // no adapter of these agents sends any
                shown.Apply(op.Kind, op.Key, op.Data);
                long made = long.Parse($"{op.OpId[..8]}{op.OpId[9..13]}", NumberStyles.HexNumber, null);
                foreach (string mark in WrittenMarks.In(op.Data?.ToString() ?? ""))
                {
                    arrived.TryAdd(mark, now);
                    queued.TryAdd(mark, made);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    private Task ArrivedAsync(string mark, Task following) => Until.TrueAsync(
        () => following.IsFaulted ? throw following.Exception! : arrived.ContainsKey(mark), timeout);
}
