using System.Text.Json;
using ShareRpc.EndToEndTests.Attacks;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Cluster;

/// <summary>Real nodes on a real primary, which dies and leaves the database to its synchronous standby.</summary>
[Trait("Suite", "Deep")]
public sealed class FailoverTests : IDisposable
{
    private readonly CancellationTokenSource timeout = new(TimeSpan.FromMinutes(3));
    private readonly string data = Directory.CreateTempSubdirectory("sharerpc-failover-").FullName;

    public void Dispose()
    {
        timeout.Dispose();
        Directory.Delete(data, recursive: true);
    }

    /// <summary>
    /// The standby is gone, an append waits for it, and somebody cancels the wait: the commit comes back with a
    /// warning. Then the primary is lost with it.
    /// </summary>
    [PostgresTheory]
    [InlineData("", false)]
    [InlineData("commit-warning-ignored", true)]
    public async Task Invariant_I3_a_commit_that_no_standby_has_is_not_acknowledged(string broken, bool isLost)
    {
        CancellationToken stop = timeout.Token;
        await using var servers = new ClusterServers(data, seed: 1, broken);
        await servers.StartNodesAsync(hasStandby: true, stop);
        string text = (await File.ReadAllTextAsync(Path.Combine(data, "root.token"), stop)).Trim();
        Assert.True(ShareToken.TryParse(text, out ShareToken? root));
        StormShare share = await StormShare.CreateAsync(servers, root, stop);
        using RawConnection connection = await RawConnection.OpenAsync(servers.Nodes[0].Address!, stop);
        long handle = await connection.RedeemAsync("redeemShare", "share", share.Owner.Reveal(), stop);
        Assert.True(await AppendAsync(connection, handle, "kept", stop));

        await servers.Pair.Standby!.KillAsync();
        Task<bool> append = AppendAsync(connection, handle, "in-doubt", stop);
        while (!append.IsCompleted)
        {
            await servers.Postgres.ExecuteAsync(
                "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
            await Until.PassedAsync(TimeSpan.FromMilliseconds(20), stop);
        }

        Assert.Equal(isLost, await append);
        Assert.Equal(2, await share.HeadAsync(stop));

        await servers.Postgres.KillAsync();
        await servers.Pair.Standby!.StartAgainAsync();
        await servers.Pair.PromoteAsync();
        foreach (NodeSlot node in servers.Nodes) node.Follow(servers.Postgres.Port);
        Assert.Equal(1, await share.HeadAsync(stop)); // with the rule broken, an acknowledged op is lost here

        // What was not acknowledged is sent again, and applied once.
        while (!await SendAgainAsync(servers, share, stop))
            await Until.PassedAsync(TimeSpan.FromMilliseconds(50), stop);
        Assert.True(await SendAgainAsync(servers, share, stop));
        Assert.Equal(2, await share.HeadAsync(stop));
    }

    /// <summary>As a client does after it was cut off; returns whether it was acknowledged.</summary>
    private static async Task<bool> SendAgainAsync(ClusterServers servers, StormShare share, CancellationToken stop)
    {
        using RawConnection connection = await RawConnection.OpenAsync(servers.Nodes[1].Address!, stop);
        JsonElement redeemed = await connection.CallAsync(
            "redeemShare", $$"""{"token":"{{share.Owner.Reveal()}}"}""", stop);
        return redeemed.TryGetProperty("result", out JsonElement result) && await AppendAsync(
            connection, result.GetProperty("share").GetProperty("handle").GetInt64(), "in-doubt", stop);
    }

    private static async Task<bool> AppendAsync(
        RawConnection connection, long handle, string opId, CancellationToken stop)
    {
        JsonElement answer = await connection.CallAsync(handle, "appendOps", $$"""
            {"batch_id":"b","ops":[{"op_id":"{{opId}}","verb":"put","kind":"part","key":"{{opId}}","data":{} }]}
            """, stop);
        return answer.TryGetProperty("result", out _);
    }
}
