using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json;
using ShareRpc.EndToEndTests.Attacks;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Cluster;

/// <summary>Follows a share on two nodes, and appends on both as it is answered, until it may no more.</summary>
internal sealed class StormGuest : IDisposable
{
    /// <summary>Longer than a node is paused: what it had in its buffers arrives then.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(4);

    private readonly CancellationTokenSource ending;
    private readonly ShareToken token;
    private readonly Task work;
    private long lastCursor;
    private int appended;

    public StormGuest(ClusterServers servers, ShareToken token, CancellationToken cancellationToken)
    {
        this.token = token;
        ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        work = Task.WhenAll(
            Enumerable.Range(0, 2).Select(i => Task.Run(() => WorkAsync(servers, i), CancellationToken.None)));
    }

    /// <summary>Gets the largest cursor that came in any page.</summary>
    public long LastCursor => Interlocked.Read(ref lastCursor);

    /// <summary>Returns when it has been refused everywhere, or nothing more can come.</summary>
    public async Task EndAsync()
    {
        ending.CancelAfter(Longest);
        await work;
    }

    public void Dispose() => ending.Dispose();

    private async Task WorkAsync(ClusterServers servers, int number)
    {
        // A connection that breaks is made again, as clients do, until the token is refused.
        while (!ending.IsCancellationRequested)
        {
            try
            {
                if (servers.Choose() is not { } node) continue;
                using RawConnection connection = await RawConnection.OpenAsync(node, ending.Token);
                JsonElement redeemed = await connection.CallAsync(
                    "redeemShare", $$"""{"token":"{{token.Reveal()}}"}""", ending.Token);
                if (IsRefused(redeemed, out bool isFinal))
                {
                    if (isFinal) return;
                    continue;
                }

                JsonElement share = redeemed.GetProperty("result");
                long handle = share.GetProperty("share").GetProperty("handle").GetInt64();
                await Task.WhenAll(
                    FollowAsync(connection, handle, share.GetProperty("cursor").GetInt64()),
                    AppendAsync(connection, handle, number));
            }
            catch (Exception broken) when (
                broken is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
            {
                await Until.PassedAsync(TimeSpan.FromMilliseconds(20), CancellationToken.None);
            }
        }
    }

    private async Task FollowAsync(RawConnection connection, long handle, long after)
    {
        while (true)
        {
            JsonElement answer = await connection.CallAsync(
                handle, "readOps",
                string.Create(CultureInfo.InvariantCulture, $$"""{"after":{{after}},"wait_ms":1000}"""), ending.Token);
            if (IsRefused(answer, out bool isFinal))
            {
                if (isFinal) return;
                continue;
            }

            after = answer.GetProperty("result").GetProperty("cursor").GetInt64();
            if (answer.GetProperty("result").GetProperty("ops").GetArrayLength() > 0) Note(after);
        }
    }

    private async Task AppendAsync(RawConnection connection, long handle, int number)
    {
        while (true)
        {
            int i = Interlocked.Increment(ref appended);
            string op = string.Create(CultureInfo.InvariantCulture, $"{token.CapId}-{number}-{i}");
            JsonElement answer = await connection.CallAsync(handle, "appendOps", $$"""
                {"batch_id":"b","ops":[{"op_id":"{{op}}","verb":"put","kind":"part","key":"{{token.CapId}}",
                 "data":{} }]}
                """, ending.Token);
            if (IsRefused(answer, out bool isFinal) && isFinal) return;
            await Until.PassedAsync(TimeSpan.FromMilliseconds(5), ending.Token);
        }
    }

    private static bool IsRefused(JsonElement answer, out bool isFinal)
    {
        isFinal = false;
        if (!answer.TryGetProperty("error", out JsonElement error)) return false;
        isFinal = !error.GetProperty("data").GetProperty("transient").GetBoolean();
        return true;
    }

    private void Note(long cursor)
    {
        long seen = LastCursor;
        while (cursor > seen && Interlocked.CompareExchange(ref lastCursor, cursor, seen) != seen) seen = LastCursor;
    }
}
