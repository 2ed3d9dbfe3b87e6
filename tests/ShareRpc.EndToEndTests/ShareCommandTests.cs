using System.Text.Json.Nodes;
using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests;

public sealed class ShareCommandTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [FixtureFact]
    public async Task A_whole_database_is_shared_exactly_and_a_second_run_applies_nothing()
    {
        await using var world = new World();
        await world.StartServerAsync(null, timeout);
        string database = OpencodeFixture.CopyTo(world.PathOf("opencode.db"));

        await using Tool first =
            await world.RunClientAsync("share", ["--opencode", database, "--all", "--once", "--json"], timeout);

        Assert.True(first.ExitCode == 0, first.Errors);
        IReadOnlyList<JsonObject> sessions = Finals(first);
        Assert.Equal(
            OpencodeFixture.Sessions(database),
            sessions.Select(session => (string)session["session"]!).Order(StringComparer.Ordinal));
        Assert.Equal(80, sessions.Sum(session => (int)session["messages"]!));
        Assert.Equal(282, sessions.Sum(session => (int)session["parts"]!));
        foreach (JsonObject session in sessions)
        {
            (int messages, int parts) = await ShareChecks.EqualsDatabaseAsync(session, database, timeout);
            Assert.Equal((messages, parts), ((int)session["messages"]!, (int)session["parts"]!));
            Assert.True((int)session["applied"]! >= messages + parts);
        }

        await using Tool second =
            await world.RunClientAsync("share", ["--opencode", database, "--all", "--once", "--json"], timeout);
        Assert.True(second.ExitCode == 0, second.Errors);
        Assert.Equal(10, Finals(second).Count);
        Assert.All(Finals(second), session => Assert.Equal(0, (int)session["applied"]!));
        Assert.All(Finals(second),
            session => Assert.Contains(sessions, one => (long)one["cursor"]! == (long)session["cursor"]!));
    }

    [FixtureFact]
    public async Task A_watch_started_before_and_one_started_after_end_at_the_same_cursor_with_the_same_state()
    {
        await using var world = new World();
        await world.StartServerAsync(null, timeout);
        string database = OpencodeFixture.CopyTo(world.PathOf("opencode.db"));
        string session = OpencodeFixture.Sessions(database)[^1];
        await using Tool share =
            world.StartClient(null, "share", "--opencode", database, "--session", session, "--json");
        await Until.TrueAsync(() => share.Objects.Any(line => line["link"] is not null) || share.HasExited, timeout);
        string link = (string)share.Objects.First(line => line["link"] is not null)["link"]!;
        await using Tool before = Tool.Start(null, "watch", link, "--json");
        Assert.True(ShareLink.TryParse(link, out ShareLink? parsed));
        await using var reader =
            new ShareReader(parsed, new ShareReaderOptions { InvalidTokenPatience = TimeSpan.FromSeconds(30) });
        int parts = OpencodeFixture.Parts(database, session).Count;
        await Until.TrueAsync(
            async () => (await reader.ReadStateAsync(timeout)).Documents.Count(document =>
                document.Kind == Kinds.Part) == parts, timeout);
        ShareSnapshot state = await reader.ReadStateAsync(timeout);

        await Until.TrueAsync(() => Cursors(before).Contains(state.Cursor), timeout);
        await using Tool after = Tool.Start(null, "watch", link, "--once", "--json");
        await after.WaitForExitAsync(timeout);

        Assert.Equal(0, after.ExitCode);
        Assert.Equal(Enumerable.Range(1, (int)state.Cursor).Select(i => (long)i), Cursors(before));
        Assert.Equal(Cursors(before), Cursors(after));
        Assert.Equal(OpLines(before), OpLines(after));
    }

    [FixtureFact]
    public async Task After_a_revocation_a_running_watch_ends_at_once_with_exit_code_3_and_nothing_is_readable()
    {
        await using var world = new World();
        await world.StartServerAsync(null, timeout);
        string database = OpencodeFixture.CopyTo(world.PathOf("opencode.db"));
        await using Tool share =
            await world.RunClientAsync("share", ["--opencode", database, "--latest", "--once", "--json"], timeout);
        string link = (string)Finals(share)[0]["link"]!;
        long head = (long)Finals(share)[0]["cursor"]!;
        await using Tool watch = Tool.Start(null, "watch", link, "--json");
        await Until.TrueAsync(() => Cursors(watch).Contains(head), timeout);

        await using Tool revoke = world.StartClient(null, "revoke", link);
        await revoke.WaitForExitAsync(timeout);
        long revoked = TimeProvider.System.GetTimestamp();
        Assert.True(revoke.ExitCode == 0, revoke.Errors);
        await watch.WaitForExitAsync(timeout);

        // By itself it takes milliseconds (docs/security.md); here it shares a busy machine, and must not have waited
        // for the answer to its read, which takes 25 s.
        Assert.True(TimeProvider.System.GetElapsedTime(revoked) < TimeSpan.FromSeconds(20));
        Assert.Equal(3, watch.ExitCode);
        await using Tool again = await Tool.RunAsync(["watch", link, "--once"], timeout);
        Assert.Equal(3, again.ExitCode);
        Assert.DoesNotContain("srpc_", again.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_demo_does_the_main_job_and_ends_by_itself()
    {
        await using Tool demo = await Tool.RunAsync(["demo"], timeout);
        Assert.True(demo.ExitCode == 0, string.Join('\n', demo.Lines) + demo.Errors);
    }

    internal static IReadOnlyList<JsonObject> Finals(Tool share) =>
        [.. share.Objects.Where(line => line["applied"] is not null && (bool?)line["final"] != false
        && line["messages"] is not null)];

    private static List<long> Cursors(Tool watch) =>
        [.. watch.Objects.Where(line => line["op_id"] is not null).Select(line => (long)line["cursor"]!)];

    private static List<string> OpLines(Tool watch) =>
        [.. watch.Objects.Where(line => line["op_id"] is not null).Select(line => line.ToJsonString())];
}
