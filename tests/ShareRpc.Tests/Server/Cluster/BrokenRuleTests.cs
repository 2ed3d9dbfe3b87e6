using System.Globalization;
using ShareRpc.Protocol.Diagnostics;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.Cluster;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Cluster;

/// <summary>
/// Each rule of several nodes is broken on purpose: the same steps end well with the rule, and badly without it.
/// </summary>
public sealed class BrokenRuleTests : IDisposable
{
    private const string Turns =
        "FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
        + "WHERE l.classid = 6 AND d.datname = current_database()";

    private readonly CancellationTokenSource timeout = new(TimeSpan.FromSeconds(120));

    public void Dispose() => timeout.Dispose();

    [PostgresFact]
    public Task Refs_that_are_read_before_the_lock_let_an_append_through_after_its_revocation() =>
        IsCaughtAsync(BrokenRule.RefsBeforeLock, async rule =>
        {
            using TwoServers servers = await TwoServers.OpenAsync(rule);
            await servers.AppendAtBAsync("before");
            using var held = new HeldCommit(servers.A.Store);
            Task revoking = servers.RevokeGuestAsync();
            await held.Reached.WaitAsync(timeout.Token);
            Task<bool> append = servers.AppendAtBAsync("after");
            await servers.UntilOneWaitsForALockAsync(timeout.Token);
            held.Release();
            await revoking.WaitAsync(timeout.Token);
            return !await append.WaitAsync(timeout.Token);
        });

    [PostgresFact]
    public Task A_cache_that_is_not_proven_takes_an_op_for_a_share_that_another_node_has_ended() =>
        IsCaughtAsync(BrokenRule.CacheNotProven, async rule =>
        {
            using TwoServers servers = await TwoServers.OpenAsync(rule);
            await servers.AppendAtBAsync("before");
            await servers.A.Admin.EndShareAsync(servers.Owner);
            return !await servers.AppendAtBAsync("after");
        });

    [PostgresFact]
    public Task Cursors_of_a_sequence_leave_a_gap_where_a_transaction_failed() =>
        IsCaughtAsync(BrokenRule.CursorFromSequence, async rule =>
        {
            using TwoServers servers = await TwoServers.OpenAsync(rule);
            await servers.ExecuteAsync("CREATE SEQUENCE broken_cursor");
            servers.B.Store.Break();
            Assert.False(await servers.AppendAtBAsync("lost"));
            servers.B.Store.Repair();
            Assert.True(await servers.AppendAtBAsync("kept"));
            return await servers.NumberAsync("SELECT max(cursor) FROM op") == 1;
        });

    [PostgresFact]
    public Task A_fold_under_the_tail_of_another_node_adds_appended_text_twice() =>
        IsCaughtAsync(BrokenRule.FoldUnconditional, async rule =>
        {
            using TwoServers servers = await TwoServers.OpenAsync(rule);
            await servers.AppendAtBAsync("text", """{"text":"a"}""");
            await servers.A.Folder.FoldShareAsync(servers.ShareKey);
            await servers.AppendTextAtBAsync("text", "b");
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var release = new ManualResetEventSlim();
            int reads = 0;
            servers.B.Store.BeforeRead = () =>
            {
                if (Interlocked.Increment(ref reads) > 1) return;
                reached.SetResult(); // it has its tail, and not the documents yet
                release.Wait(timeout.Token);
            };
            Task late = Task.Run(() => servers.B.Folder.FoldShareAsync(servers.ShareKey));
            await reached.Task.WaitAsync(timeout.Token);
            await servers.A.Folder.FoldShareAsync(servers.ShareKey); // it is not its turn
            Assert.Equal(1, await servers.NumberAsync("SELECT max(folded) FROM share"));

            // As when a node stands still in its turn.
            await servers.NumberAsync($"SELECT count(pg_terminate_backend(pid)) {Turns}");
            while (await servers.NumberAsync($"SELECT count(*) {Turns}") > 0)
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, timeout.Token);
            await servers.A.Folder.FoldShareAsync(servers.ShareKey);
            release.Set();
            await late.WaitAsync(timeout.Token);
            return await servers.ReadTextAsync() == """{"text":"ab"}""";
        });

    [PostgresFact]
    public Task A_commit_with_a_warning_is_acknowledged_though_its_outcome_is_unknown() =>
        IsCaughtAsync(BrokenRule.CommitWarningIgnored, async rule =>
        {
            using TwoServers servers = await TwoServers.OpenAsync(rule);
            await servers.ExecuteAsync(
                """
                CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE WARNING 'as of a commit that no standby has confirmed'; RETURN NULL; END $$;
                CREATE CONSTRAINT TRIGGER warning AFTER INSERT ON op DEFERRABLE INITIALLY DEFERRED
                  FOR EACH ROW EXECUTE FUNCTION warn();
                """);
            return !await servers.AppendAtBAsync("unknown");
        });

    [PostgresFact]
    public Task Without_grace_an_append_that_had_read_its_creator_commits_after_the_revocation() =>
        IsCaughtAsync(BrokenRule.NoGrace, async rule =>
        {
            string database = await TestPostgres.NewDatabaseAsync();
            await using ClusterWorld world = await ClusterWorld.OpenAsync(database);
            TestNode node = await world.StartNodeAsync("a");
            using TwoServers servers = await TwoServers.OpenAsync(brokenAtB: null, database, node.Node);
            using var held = new HeldCommit(servers.B.Store);
            Task<bool> append = servers.AppendAtBAsync("first"); // not cached: it has locked, and read its refs
            await held.Reached.WaitAsync(timeout.Token);
            BrokenRule.Break(rule);
            Task revoking = servers.RevokeCreatorAsync();
            BrokenRule.Break(null);
            if (rule is not null) await revoking.WaitAsync(timeout.Token);
            while (await servers.NumberAsync("SELECT count(*) FROM sturdy_ref WHERE revoked_ms IS NOT NULL") == 0)
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, timeout.Token);
            for (int i = 0; i < 10; i++) await node.Node.DescribeAsync(timeout.Token); // it had time to look
            bool isEarly = revoking.IsCompleted;
            held.Release();
            await revoking.WaitAsync(timeout.Token);
            return !(isEarly && await append.WaitAsync(timeout.Token));
        });

    [PostgresFact]
    public Task Without_confirmation_a_revocation_is_answered_while_another_node_serves() =>
        IsCaughtAsync(BrokenRule.NoConfirmation, rule => ServesNoMoreAsync(
            rule, TimeSpan.FromSeconds(rule is null ? 1 : 60), new SteppingClock(), isBrokenAtTwo: false));

    [PostgresFact]
    public Task Without_a_lease_a_node_that_is_cut_off_serves_after_the_answer() =>
        IsCaughtAsync(BrokenRule.NoLease, rule => ServesNoMoreAsync(
            rule, TimeSpan.FromMilliseconds(300), new SteppingClock(), isBrokenAtTwo: true));

    [PostgresFact]
    public Task A_lease_by_the_wall_clock_lasts_an_hour_longer_when_the_clock_is_set_back() =>
        IsCaughtAsync(BrokenRule.LeaseByWallClock, rule => ServesNoMoreAsync(
            rule, TimeSpan.FromMilliseconds(300), new SteppingClock(), isBrokenAtTwo: true));

    /// <summary>
    /// A node stops without a word, and its clock is set back; then a ref is revoked. Returns whether the node serves
    /// it no more when that is answered.
    /// </summary>
    private async Task<bool> ServesNoMoreAsync(
        string? rule, TimeSpan lease, SteppingClock clock, bool isBrokenAtTwo)
    {
        await using ClusterWorld world = await ClusterWorld.OpenAsync();
        long guest = await world.NewRefAsync();
        TestNode one = await world.StartNodeAsync("one");
        if (isBrokenAtTwo) BrokenRule.Break(rule);
        var options = new ClusterOptions
        {
            NodeName = "two", Lease = lease, Margin = TimeSpan.FromMilliseconds(100), RenewEvery = lease / 4,
        };
        TestNode two = await world.StartNodeAsync("two", options, clock);
        using Authority live = two.Live(guest);
        await two.HaltAsync();
        clock.Off = TimeSpan.FromHours(-1);
        if (!isBrokenAtTwo) BrokenRule.Break(rule);
        await world.ExecuteAsync(string.Create(CultureInfo.InvariantCulture,
            $"UPDATE sturdy_ref SET epoch = 2, revoked_ms = 1 WHERE ref_key = {guest}"));
        await one.Node.ConfirmAsync(isOfManyShares: false).WaitAsync(timeout.Token);
        bool serves = Record.Exception(() => live.Demand(Rights.Read)) is null;
        BrokenRule.Break(null);
        return !serves;
    }

    private static async Task IsCaughtAsync(string rule, Func<string?, Task<bool>> endsWellAsync)
    {
        Assert.True(await endsWellAsync(null), "the rule does not hold");
        Assert.False(await endsWellAsync(rule), "nothing shows that the rule is broken");
    }
}
