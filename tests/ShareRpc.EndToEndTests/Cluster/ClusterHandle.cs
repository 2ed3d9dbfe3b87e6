using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ShareRpc.EndToEndTests.Attacks;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Cluster;

/// <summary>A share at one node, on a connection of its own.</summary>
internal sealed class ClusterHandle(RawConnection connection, long handle, CancellationToken stop) : IAsyncDisposable
{
    private int appended;

    public static async Task<ClusterHandle> OpenAsync(Uri node, ShareToken token, CancellationToken stop)
    {
        RawConnection connection = await RawConnection.OpenAsync(node, stop);
        return new ClusterHandle(
            connection, await connection.RedeemAsync("redeemShare", "share", token.Reveal(), stop), stop);
    }

    /// <summary>Appends one op; returns its cursor.</summary>
    public async Task<long> AppendAsync(string text)
    {
        int i = Interlocked.Increment(ref appended);
        string op = string.Create(CultureInfo.InvariantCulture, $"{Guid.CreateVersion7()}");
        string batch = string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            {"batch_id":"b","ops":[{"op_id":"{{op}}","verb":"put","kind":"part","key":"k{{i % 2_000}}",
             "data":{"text":"{{text}}"} }]}
            """);
        while (true)
        {
            JsonElement answer = await connection.CallAsync(handle, "appendOps", batch, stop);
            if (answer.TryGetProperty("result", out JsonElement ack))
                return ack.GetProperty(ack.GetProperty("applied").GetArrayLength() > 0 ? "applied" : "duplicates")[0]
                    .GetProperty("cursor").GetInt64();
            JsonElement error = answer.GetProperty("error").GetProperty("data");
            if (!error.GetProperty("transient").GetBoolean()) throw new InvalidDataException(error.GetRawText());
            await Until.PassedAsync(TimeSpan.FromMilliseconds(50), stop);
        }
    }

    /// <summary>Reads until a cursor; says of each cursor when it came.</summary>
    public async Task FollowAsync(long after, long until, Action<long, long> seen)
    {
        while (after < until)
        {
            JsonElement answer = await connection.CallAsync(handle, "readOps", string.Create(
                CultureInfo.InvariantCulture, $$"""{"after":{{after}},"wait_ms":1000}"""), stop);
            long at = Stopwatch.GetTimestamp();
            long cursor = answer.GetProperty("result").GetProperty("cursor").GetInt64();
            while (after < cursor) seen(++after, at);
        }
    }

    public ValueTask DisposeAsync()
    {
        connection.Dispose();
        return ValueTask.CompletedTask;
    }
}
