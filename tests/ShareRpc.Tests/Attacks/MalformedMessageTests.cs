using System.Net.WebSockets;
using System.Text;
using Microsoft.Extensions.Logging;
using ShareRpc.Tests.Protocol.Wire;
using ShareRpc.Tests.Server;
using ShareRpc.Tests.Server.Hosting;

namespace ShareRpc.Tests.Attacks;

/// <summary>Messages of peers without a token that are JSON, but nothing that anybody asked for.</summary>
public sealed class MalformedMessageTests
{
    private static readonly string[] Messages =
    [
        """{"jsonrpc":"2.0","id":7,"error":{}}""", """{"jsonrpc":"2.0","id":7,"error":null}""",
        """{"jsonrpc":"2.0","id":7,"result":{}}""",
        """{"jsonrpc":"2.0","id":"7","error":{"code":"x"}}""",
        """{"jsonrpc":"2.0","id":7,"error":{"code":1e99,"message":7}}""",
        """{"jsonrpc":"2.0","id":{},"error":[]}""", """{"jsonrpc":"2.0","error":{}}""", """{"jsonrpc":"2.0","id":7}""",
        "{}",
    ];

    [Fact]
    public async Task Are_a_protocol_error_like_others_and_fill_no_log()
    {
        using var logs = new CapturedLogs();
        await using LiveServer live =
            await LiveServer.StartAsync(configure: builder => builder.Logging.AddProvider(logs));
        foreach (string message in Enumerable.Repeat(Messages, 10).SelectMany(messages => messages))
        {
            using WireConnection connection = await live.ConnectAsync();
            await connection.SendTextAsync(message);
            // Ends those that went on.
            await connection.SendAsync(Encoding.UTF8.GetBytes("no JSON"), WebSocketMessageType.Text);
            Assert.Equal(1007, await connection.ReceiveCloseAsync());
        }

        string[] loud = [.. logs.Lines.Where(line => line.Contains(" Warning ", StringComparison.Ordinal)
            || line.Contains(" Error ", StringComparison.Ordinal)
                || line.Contains(" Critical ", StringComparison.Ordinal))];
        Assert.InRange(loud.Length, 1, 12);
        Assert.DoesNotContain(loud, line => line.Contains("Exception", StringComparison.Ordinal));
    }
}
