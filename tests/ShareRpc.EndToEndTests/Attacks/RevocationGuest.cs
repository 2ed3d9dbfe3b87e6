using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Attacks;

/// <summary>
/// Somebody who was invited: follows the share, and appends as fast as it is answered, until it may no more.
/// </summary>
internal sealed class RevocationGuest : IDisposable
{
    private readonly RawConnection connection;
    private readonly long handle;
    private readonly CancellationToken cancellationToken;
    private long head;

    private RevocationGuest(ShareToken token, RawConnection connection, long handle,
        CancellationToken cancellationToken)
    {
        Token = token;
        this.connection = connection;
        this.handle = handle;
        this.cancellationToken = cancellationToken;
        Reading = FollowAsync();
        Writing = AppendAsync();
    }

    public ShareToken Token { get; }

    /// <summary>Ends, with the error's code, when the guest may read no more.</summary>
    public Task<string> Reading { get; }

    public Task Writing { get; }

    /// <summary>When the last page with an op in it arrived, and its last cursor.</summary>
    public long LastArrival { get; private set; }

    public long LastCursor => Interlocked.Read(ref head);

    /// <summary>When the read had ended.</summary>
    public long EndedAt { get; private set; }

    /// <summary>Invited by the owner, redeemed, and under way from where the share is now.</summary>
    public static async Task<RevocationGuest> InviteAsync(
        MeasuredServer server, RawConnection owner, long ownerHandle, CancellationToken cancellationToken)
    {
        ShareToken token = ShareToken.New(RandomId.New());
        await owner.CallAsync(ownerHandle, "attenuate", $$"""
            {"cap_id":"{{token.CapId}}","token_digest":"{{token.Digest}}","rights":["read","append"]}
            """, cancellationToken);
        RawConnection connection = await RawConnection.OpenAsync(server.Address, cancellationToken);
        JsonElement redeemed =
            (await connection.CallAsync("redeemShare", $$"""{"token":"{{token.Reveal()}}"}""", cancellationToken))
            .GetProperty("result");
        return new RevocationGuest(
            token, connection, redeemed.GetProperty("share").GetProperty("handle").GetInt64(), cancellationToken)
        {
            head = redeemed.GetProperty("cursor").GetInt64(),
        };
    }

    public void Dispose() => connection.Dispose();

    private async Task<string> FollowAsync()
    {
        try
        {
            while (true)
            {
                JsonElement answer = await connection.CallAsync(
                    handle, "readOps",
                    string.Create(CultureInfo.InvariantCulture, $$"""{"after":{{LastCursor}},"wait_ms":30000}"""),
                    cancellationToken);
                if (answer.TryGetProperty("error",
                    out JsonElement error)) return error.GetProperty("data").GetProperty("code").GetString()!;
                JsonElement page = answer.GetProperty("result");
                if (page.GetProperty("ops").GetArrayLength() == 0) continue;
                LastArrival = TimeProvider.System.GetTimestamp();
                Interlocked.Exchange(ref head, page.GetProperty("cursor").GetInt64());
            }
        }
        catch (WebSocketException)
        {
            return "closed";
        }
        finally
        {
            EndedAt = TimeProvider.System.GetTimestamp();
        }
    }

    /// <summary>One op for each that arrived, at the most: the readers' own appends are what they read.</summary>
    private async Task AppendAsync()
    {
        try
        {
            for (int i = 0; ; i++)
            {
                JsonElement answer = await connection.CallAsync(handle, "appendOps", $$"""
                    {"batch_id":"b","ops":[{"op_id":"{{Token.CapId}}-{{i}}","verb":"put","kind":"part",
                     "key":"{{Token.CapId}}","data":{} }]}
                    """, cancellationToken);
                if (answer.TryGetProperty("error", out _)) return;
                // a rate, so that a hundred of them fit one machine
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellationToken);
            }
        }
        catch (WebSocketException)
        {
            // The connection went with the revocation.
        }
    }
}
