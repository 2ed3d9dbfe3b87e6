using System.Text.Json.Nodes;

namespace ShareRpc.EndToEndTests;

/// <summary>
/// Real processes, killed as kill -9 does while a whole database is being synced, and started again on what they left
/// behind. <c>SHARERPC_SEED=n</c> repeats a run; a failing one prints its seed.
/// </summary>
public sealed class CrashTests(Xunit.Abstractions.ITestOutputHelper output)
{
    private static readonly string[] ClientPoints = ["client.after_send", "client.before_ack_persisted"];
    private static readonly string[] ServerPoints = ["server.after_commit", "server.mid_fold"];
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    public static TheoryData<int> Rounds => [.. Enumerable.Range(1, DeepSize.Or(1))];

    [FixtureTheory]
    [Trait("Suite", "Deep")]
    [MemberData(nameof(Rounds))]
    public async Task Invariant_I3_nothing_is_lost_or_doubled_by_five_kills_of_either_side(int round)
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("SHARERPC_SEED"), out int chosen) ? chosen : round;
        output.WriteLine($"seed {seed}");
        var dice = new Dice(seed);
        await using var world = new World();
        string database = OpencodeFixture.CopyTo(world.PathOf("opencode.db"));
        string[] arguments = ["--opencode", database, "--all", "--once", "--json", "--timeout", "120"];
        await world.StartServerAsync(null, timeout);

        // Each of the four named points once, and one kill of both sides at a random moment. The first commit of a
        // server is that of its start.
        int kills = 0;
        foreach (string point in dice.Shuffle([.. ClientPoints, .. ServerPoints]))
        {
            kills += ClientPoints.Contains(point)
                ? await KillClientAsync(world, $"{point}:{dice.Next(1, 5)}", arguments)
                : await KillServerAsync(world, $"{point}:{(point == "server.mid_fold" ? 1 : dice.Next(2, 4))}",
                    arguments);
        }

        kills += await KillAtRandomAsync(world, dice, arguments);
        output.WriteLine($"{kills} kills");
        Assert.Equal(5, kills);

        await using Tool last = await world.RunClientAsync("share", arguments, timeout);
        Assert.True(last.ExitCode == 0, $"seed {seed}: {last.Errors}");
        IReadOnlyList<JsonObject> sessions = ShareCommandTests.Finals(last);
        Assert.Equal(10, sessions.Count);
        int messages = 0, parts = 0;
        foreach (JsonObject session in sessions)
        {
            (int Messages, int Parts) counts = await ShareChecks.EqualsDatabaseAsync(session, database, timeout);
            (messages, parts) = (messages + counts.Messages, parts + counts.Parts);
        }

        Assert.Equal((80, 282), (messages, parts));
    }

    /// <summary>
    /// A sync that dies at a named point. Each kill needs work to interrupt, so the sessions go on a little first.
    /// </summary>
    private async Task<int> KillClientAsync(World world, string fault, string[] arguments)
    {
        OpencodeFixture.GoOn(world.PathOf("opencode.db"));
        await using Tool share = world.StartClient(fault, "share", arguments);
        await share.WaitForExitAsync(timeout);
        output.WriteLine($"{fault}: client ended with {share.ExitCode}");
        return share.ExitCode == 137 ? 1 : 0;
    }

    private async Task<int> KillServerAsync(World world, string fault, string[] arguments)
    {
        OpencodeFixture.GoOn(world.PathOf("opencode.db"));
        await world.ServerProcess!.TerminateAsync(timeout);
        await world.StartServerAsync(fault, timeout);
        Tool dying = world.ServerProcess;
        await using Tool share = world.StartClient(null, "share", arguments);
        await dying.WaitForExitAsync(timeout);
        output.WriteLine($"{fault}: server ended with {dying.ExitCode}");
        await world.StartServerAsync(null, timeout);
        await share.WaitForExitAsync(timeout);
        Assert.True(share.ExitCode == 0, share.Errors);
        return dying.ExitCode == 137 ? 1 : 0;
    }

    private async Task<int> KillAtRandomAsync(World world, Dice dice, string[] arguments)
    {
        OpencodeFixture.GoOn(world.PathOf("opencode.db"));
        await using Tool share = world.StartClient(null, "share", arguments);
        await Until.TrueAsync(() => share.Lines.Count > 0 || share.HasExited, timeout);
        await Task.Delay(TimeSpan.FromMilliseconds(dice.Next(0, 300)), TimeProvider.System, timeout);
        world.ServerProcess!.Kill();
        share.Kill();
        await world.ServerProcess.WaitForExitAsync(timeout);
        await world.StartServerAsync(null, timeout);
        return 1;
    }
}
