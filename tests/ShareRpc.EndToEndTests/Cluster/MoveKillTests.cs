using ShareRpc.EndToEndTests.Attacks;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Cluster;

/// <summary>A move is killed in the middle and done again: either side is whole at all times.</summary>
[Trait("Suite", "Deep")]
public sealed class MoveKillTests
{
    private const int Ops = 50;
    private readonly CancellationToken stop = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [PostgresTheory]
    [InlineData("move.before_commit", true)]
    [InlineData("move.after_commit", false)]
    public async Task A_killed_move_leaves_both_sides_whole_and_is_done_again(string fault, bool isEmpty)
    {
        await using var world = new World();
        await FillAsync(world);
        await using PostgresServer postgres = await PostgresServer.StartAsync();
        string first = await DatabaseAsync(postgres);
        string keys = world.PathOf("keys.txt");
        string[] move = ["move", "--from", world.PathOf("data"), "--keys", keys, "--to-postgres"];
        await AssertKilledAsync(fault, [.. move, first]);
        await AssertWholeAsync("--data", world.PathOf("data"), Ops);
        if (!isEmpty) await AssertWholeAsync("--postgres", first, Ops);

        // A database that has got the data is refused: it might be served already.
        string second = isEmpty ? first : await DatabaseAsync(postgres);
        if (!isEmpty)
        {
            await using Tool refused = await Tool.RunAsync([.. move, first], stop);
            Assert.Contains("The database holds data", refused.Errors, StringComparison.Ordinal);
        }

        await using Tool again = await Tool.RunAsync([.. move, second], stop);
        Assert.True(again.ExitCode == 0, again.Errors);
        await AssertWholeAsync("--postgres", second, Ops);

        // Back, killed before the directory has its name.
        string here = world.PathOf("here");
        string[] back = ["move", "--from-postgres", second, "--keys", keys, "--to", here];
        await AssertKilledAsync("move.before_rename", back);
        Assert.False(Directory.Exists(here));
        await AssertWholeAsync("--postgres", second, Ops);
        await using Tool backAgain = await Tool.RunAsync(back, stop);
        Assert.True(backAgain.ExitCode == 0, backAgain.Errors);
        await AssertWholeAsync("--data", here, Ops);
    }

    private static async Task<string> DatabaseAsync(PostgresServer postgres) =>
        PostgresServer.ConnectionString(await postgres.NewDatabaseAsync(), postgres.Port);

    private async Task FillAsync(World world)
    {
        await world.StartServerAsync(null, stop);
        string root = (await File.ReadAllTextAsync(world.TokenFile, stop)).Trim();
        ShareToken owner = ShareToken.New(RandomId.New());
        using (RawConnection connection = await RawConnection.OpenAsync(world.Server, stop))
        {
            long creator = await connection.RedeemAsync("redeemRoot", "root", root, stop);
            await connection.CallAsync(creator, "createShare", $$"""
                {"share_id":"{{RandomId.New()}}","cap_id":"{{owner.CapId}}","token_digest":"{{owner.Digest}}"}
                """, stop);
            long share = await connection.RedeemAsync("redeemShare", "share", owner.Reveal(), stop);
            string ops = string.Join(',', Enumerable.Range(1, Ops).Select(i =>
                $$$"""{"op_id":"op{{{i}}}","verb":"put","kind":"part","key":"k{{{i}}}","data":{"text":"a"}}"""));
            await connection.CallAsync(share, "appendOps", $$"""{"batch_id":"b","ops":[{{ops}}]}""", stop);
        }

        await world.ServerProcess!.TerminateAsync(stop);
    }

    private async Task AssertKilledAsync(string fault, string[] arguments)
    {
        await using Tool tool = Tool.Start(
            new Dictionary<string, string> { ["SHARERPC_FAULT"] = $"{fault}:1" }, arguments);
        await tool.WaitForExitAsync(stop);
        Assert.True(tool.ExitCode == 137, $"{tool.ExitCode}: {tool.Errors}");
    }

    private async Task AssertWholeAsync(string option, string place, int ops)
    {
        await using Tool check = await Tool.RunAsync(["check", option, place, "--json"], stop);
        Assert.True(check.ExitCode == 0, check.Errors);
        Assert.Equal(ops, (int)check.Objects[^1]["ops"]!);
    }
}
