using System.Diagnostics;
using Npgsql;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.Cluster;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Postgres;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Cluster;

/// <summary>Nodes, leases and changes of authority, on a real PostgreSQL.</summary>
public sealed class ClusterNodeTests : IDisposable
{
    private static readonly TimeSpan ShortLease = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(500);
    private readonly CancellationTokenSource timeout = new(TimeSpan.FromMinutes(3));

    public void Dispose() => timeout.Dispose();

    [PostgresFact]
    public async Task Invariant_I12_a_change_is_answered_when_every_node_has_applied_it()
    {
        await using ClusterWorld world = await ClusterWorld.OpenAsync();
        long root = await world.NewRefAsync();
        long guest = await world.NewRefAsync(root);
        TestNode one = await world.StartNodeAsync("one");
        TestNode two = await world.StartNodeAsync("two");
        using Authority live = two.Live(guest, root);
        live.Demand(Rights.Read);

        long begun = Stopwatch.GetTimestamp();
        await world.ExecuteAsync($"UPDATE sturdy_ref SET epoch = 2, revoked_ms = 1 WHERE ref_key = {guest}");
        await one.Node.ConfirmAsync(isOfManyShares: false).WaitAsync(timeout.Token);

        Assert.Equal(ErrorCode.CapabilityRevoked, Refusal(live));
        Assert.True(
            Stopwatch.GetElapsedTime(begun) < ClusterWorld.Lease, "it waited for the lease instead of the node");
    }

    [PostgresFact]
    public async Task Each_kind_of_change_is_applied_as_on_the_node_that_made_it()
    {
        await using ClusterWorld world = await ClusterWorld.OpenAsync();
        TestNode one = await world.StartNodeAsync("one");
        TestNode two = await world.StartNodeAsync("two");
        long root = await world.NewRefAsync();
        long creator = await world.NewRefAsync(root);
        long[] keys = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => world.NewRefAsync(creator)));
        await world.ExecuteAsync(
            $"INSERT INTO share (share_id, owner_ref_key, creator_key, state, created_ms) "
            + $"VALUES ('s', {keys[3]}, {creator}, 0, 0)");
        Authority[] live = [.. keys.Select(key => two.Live(key, creator, root))];
        using Authority below = two.Live(100, keys[4], creator, root);

        await world.ExecuteAsync(
            $"""
            UPDATE sturdy_ref SET suspended_ms = 1 WHERE ref_key = {keys[0]};
            UPDATE sturdy_ref SET epoch = 2, verifier = 'x' WHERE ref_key = {keys[1]};
            UPDATE sturdy_ref SET label = 'other', last_redeemed_ms = 5 WHERE ref_key = {keys[2]};
            UPDATE share SET state = 2 WHERE share_id = 's';
            UPDATE sturdy_ref SET parent_key = {root}, retired_ms = 1 WHERE ref_key = {keys[4]};
            """);
        await one.Node.ConfirmAsync(isOfManyShares: true).WaitAsync(timeout.Token);

        Assert.Equal(
            [ErrorCode.CapabilitySuspended, ErrorCode.CapabilityRevoked, null, ErrorCode.ShareDeleted,
                ErrorCode.CapabilityRevoked],
            live.Select(Refusal));
        Assert.Null(Refusal(below));

        // Adopted: what becomes of the creator is nothing to it any more.
        await world.ExecuteAsync($"UPDATE sturdy_ref SET epoch = 2, revoked_ms = 1 WHERE ref_key = {creator}");
        await one.Node.ConfirmAsync(isOfManyShares: true).WaitAsync(timeout.Token);
        Assert.Null(Refusal(below));
        Assert.Equal(ErrorCode.CapabilityRevoked, Refusal(live[2]));
        foreach (Authority authority in live) authority.Dispose();
    }

    [PostgresFact]
    public async Task A_node_that_was_stopped_serves_no_more_before_the_change_is_answered()
    {
        await using ClusterWorld world = await ClusterWorld.OpenAsync();
        long guest = await world.NewRefAsync();
        TestNode one = await world.StartNodeAsync("one", ShortLeased("one"));
        TestNode two = await world.StartNodeAsync("two", ShortLeased("two"));
        using Authority live = two.Live(guest);
        await two.HaltAsync();
        live.Demand(Rights.Read);

        await world.ExecuteAsync($"UPDATE sturdy_ref SET epoch = 2, revoked_ms = 1 WHERE ref_key = {guest}");
        long committed = Stopwatch.GetTimestamp();
        await one.Node.ConfirmAsync(isOfManyShares: false).WaitAsync(timeout.Token);
        TimeSpan waited = Stopwatch.GetElapsedTime(committed);

        Assert.False(two.Node.IsCurrent);
        Assert.Equal(ErrorCode.StorageUnavailable, Refusal(live));

        // Shorter than a lease if a slow machine had seen the node end before.
        Assert.True(waited < ShortLease + Margin + TimeSpan.FromSeconds(30), $"{waited}");

        // Its row ends, so that later changes do not wait for it (the shortest of three, for what else the machine
        // does); and it registers anew when it is back.
        while ((await one.Node.DescribeAsync(timeout.Token))!.Nodes.Single(node => node.Name == "two").State != "gone")
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, timeout.Token);
        var later = new List<TimeSpan>();
        for (int i = 0; i < 3; i++)
        {
            long begun = Stopwatch.GetTimestamp();
            await one.Node.ConfirmAsync(isOfManyShares: false).WaitAsync(timeout.Token);
            later.Add(Stopwatch.GetElapsedTime(begun));
        }

        Assert.True(later.Min() < ShortLease);
        await two.Node.JoinAsync(timeout.Token);
    }

    [PostgresFact]
    public async Task A_node_whose_row_was_ended_reads_what_it_has_missed_before_it_serves_again()
    {
        await using ClusterWorld world = await ClusterWorld.OpenAsync();
        long guest = await world.NewRefAsync();
        long other = await world.NewRefAsync();
        TestNode one = await world.StartNodeAsync("one");
        using Authority live = one.Live(guest);
        using Authority stays = one.Live(other);
        await world.ExecuteAsync(
            $"""
            ALTER TABLE sturdy_ref DISABLE TRIGGER ref_changed;
            UPDATE sturdy_ref SET epoch = 2, revoked_ms = 1 WHERE ref_key = {guest};
            UPDATE node SET ended_ms = 1;
            """);

        while (Refusal(live) != ErrorCode.CapabilityRevoked)
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, timeout.Token);
        while (!one.Node.IsCurrent)
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, timeout.Token);
        Assert.Null(Refusal(stays));
    }

    [PostgresFact]
    public async Task A_change_of_a_ref_over_many_shares_waits_for_transactions_that_began_before_it()
    {
        await using ClusterWorld world = await ClusterWorld.OpenAsync();
        long root = await world.NewRefAsync();
        TestNode one = await world.StartNodeAsync("one");
        await using NpgsqlConnection slow = await world.Database.Source.OpenConnectionAsync(timeout.Token);
        await using NpgsqlTransaction append = await slow.BeginTransactionAsync(timeout.Token);
        await using (var lockFirst = new NpgsqlCommand("SELECT pg_current_xact_id()::text", slow))
            await lockFirst.ExecuteScalarAsync(timeout.Token);

        await world.ExecuteAsync($"UPDATE sturdy_ref SET epoch = 2, revoked_ms = 1 WHERE ref_key = {root}");
        await one.Node.ConfirmAsync(isOfManyShares: false).WaitAsync(timeout.Token);
        Task wide = one.Node.ConfirmAsync(isOfManyShares: true);
        for (int i = 0; i < 20; i++) await one.Node.DescribeAsync(timeout.Token); // it had time to look
        Assert.False(wide.IsCompleted);

        await append.CommitAsync(timeout.Token);
        await wide.WaitAsync(timeout.Token);
    }

    [PostgresFact]
    public async Task A_transaction_that_does_not_end_makes_such_a_change_fail_after_the_grace()
    {
        await using ClusterWorld world = await ClusterWorld.OpenAsync();
        TestNode one = await world.StartNodeAsync(
            "one", new ClusterOptions { NodeName = "one", Grace = TimeSpan.FromMilliseconds(300) });
        await using NpgsqlConnection slow = await world.Database.Source.OpenConnectionAsync(timeout.Token);
        await using NpgsqlTransaction held = await slow.BeginTransactionAsync(timeout.Token);
        await using (var begun = new NpgsqlCommand("SELECT pg_current_xact_id()::text", slow))
            await begun.ExecuteScalarAsync(timeout.Token);

        ShareRpcException error = await Assert.ThrowsAsync<ShareRpcException>(
            () => one.Node.ConfirmAsync(isOfManyShares: true).WaitAsync(timeout.Token));
        Assert.Equal(ErrorCode.StorageUnavailable, error.Code);
    }

    [PostgresFact]
    public async Task A_change_of_a_transaction_that_commits_later_than_one_with_a_higher_id_is_not_missed()
    {
        await using ClusterWorld world = await ClusterWorld.OpenAsync();
        long first = await world.NewRefAsync();
        long second = await world.NewRefAsync();
        TestNode one = await world.StartNodeAsync("one");
        using Authority early = one.Live(first);
        using Authority late = one.Live(second);
        await using NpgsqlConnection slow = await world.Database.Source.OpenConnectionAsync(timeout.Token);
        await using NpgsqlTransaction open = await slow.BeginTransactionAsync(timeout.Token);
        await using (var change = new NpgsqlCommand(
            $"UPDATE sturdy_ref SET epoch = 2, revoked_ms = 1 WHERE ref_key = {first}", slow))
            await change.ExecuteNonQueryAsync(timeout.Token);
        await world.ExecuteAsync($"UPDATE sturdy_ref SET epoch = 2, revoked_ms = 1 WHERE ref_key = {second}");
        await one.Node.ConfirmAsync(isOfManyShares: false).WaitAsync(timeout.Token);
        Assert.Equal([null, ErrorCode.CapabilityRevoked], new[] { Refusal(early), Refusal(late) });

        await open.CommitAsync(timeout.Token);
        await one.Node.ConfirmAsync(isOfManyShares: false).WaitAsync(timeout.Token);
        Assert.Equal(ErrorCode.CapabilityRevoked, Refusal(early));
    }

    [PostgresFact]
    public async Task A_node_that_finds_another_schema_serves_no_more_and_none_migrates_under_a_node()
    {
        string database = await TestPostgres.NewDatabaseAsync();
        await using ClusterWorld world = await ClusterWorld.OpenAsync(database);
        TestNode one = await world.StartNodeAsync("one");
        await world.ExecuteAsync("UPDATE sharerpc_schema SET version = version - 1");
        StorageException early = await Assert.ThrowsAsync<StorageException>(
            () => PostgresShareStore.OpenAsync(database, cancellationToken: timeout.Token));
        Assert.Contains("1 node(s) serve this database: stop them", early.Message, StringComparison.Ordinal);
        while (one.Node.IsCurrent)
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, timeout.Token);

        await world.ExecuteAsync("UPDATE sharerpc_schema SET version = version + 2");
        StorageException late = await Assert.ThrowsAsync<StorageException>(
            () => PostgresShareStore.OpenAsync(database, cancellationToken: timeout.Token));
        Assert.Matches("has schema [0-9]+, and this version of sharerpc knows [0-9]+: run the version", late.Message);
    }

    [PostgresFact]
    public async Task A_guess_of_a_passphrase_counts_on_every_node()
    {
        await using ClusterWorld world = await ClusterWorld.OpenAsync();
        TestNode[] nodes = [await world.StartNodeAsync("one"), await world.StartNodeAsync("two")];
        var taken = new List<bool>();
        do
        {
            // Again if a minute has ended meanwhile.
            await world.ExecuteAsync("DELETE FROM guess");
            taken.Clear();
            for (int i = 0; i < 6; i++) taken.Add(await nodes[i % 2].Node.TakeGuessAsync("ref", 5));
        }
        while (taken[5]);
        Assert.Equal([true, true, true, true, true, false], taken);
        Assert.True(await nodes[1].Node.TakeGuessAsync("other", 5));
        await nodes[0].Node.GiveBackGuessAsync("ref");
        Assert.True(await nodes[1].Node.TakeGuessAsync("ref", 5));
    }

    [PostgresFact]
    public async Task The_clock_of_the_database_decides_whatever_the_machines_clock_says()
    {
        await using ClusterWorld world = await ClusterWorld.OpenAsync();
        TestNode one = await world.StartNodeAsync("one");
        var wrong = new SteppingClock();
        var clock = new ClusterClock(wrong);
        long asked = clock.GetTimestamp();
        clock.Set((one.Clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalMilliseconds, asked, clock.GetTimestamp());
        wrong.Off = TimeSpan.FromHours(1);
        Assert.InRange((clock.GetUtcNow() - one.Clock.GetUtcNow()).TotalSeconds, -30, 30);
        Assert.InRange((one.Clock.GetUtcNow() - TimeProvider.System.GetUtcNow()).TotalSeconds, -30, 30);
    }

    [PostgresFact]
    public async Task A_wake_names_the_shares_that_moved_to_the_other_nodes_only()
    {
        await using ClusterWorld world = await ClusterWorld.OpenAsync();
        TestNode one = await world.StartNodeAsync("one");
        TestNode two = await world.StartNodeAsync("two");
        while (two.Heard.IsEmpty)
        {
            one.Wakes.Mark(42); // again until the other listens
            one.Wakes.Mark(43);
            await one.Node.DescribeAsync(timeout.Token);
        }

        Assert.All(two.Heard, share => Assert.Contains(share, new[] { "42", "43" }));
        Assert.Empty(one.Heard);
        Assert.NotNull(two.Follower.WakeLagMs);
    }

    [Fact]
    public void A_wake_of_too_many_shares_names_none()
    {
        string all = WakeSender.Payload(1, 2.5, [.. Enumerable.Range(0, 5_000).Select(i => 1_000_000L + i)]);
        Assert.Equal("1 2.50 *", all);
        Assert.Equal("1 2.50 7 8", WakeSender.Payload(1, 2.5, [7, 8]));
    }

    private static ClusterOptions ShortLeased(string name) => new() { NodeName = name, Lease = ShortLease };

    private static ErrorCode? Refusal(Authority authority) =>
        (Record.Exception(() => authority.Demand(Rights.Read)) as ShareRpcException)?.Code;
}
