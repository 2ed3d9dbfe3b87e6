using System.Net.WebSockets;
using ShareRpc.Client;
using ShareRpc.Client.Connection;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Tests.Client.Connection;

public class RpcConnectionTests : ClientTest
{
    public static TheoryData<ErrorCode> AllCodes => [.. Enum.GetValues<ErrorCode>()];

    [Theory]
    [MemberData(nameof(AllCodes))]
    public async Task Every_error_arrives_as_what_it_is_whatever_its_text(ErrorCode code)
    {
        var sent = new ShareRpcException(code) { RetryAfter = TimeSpan.FromMilliseconds(1234), Head = 7, AckedSeq = 8 };
        Server.Refuse = _ => throw sent;
        await using RpcConnection connection =
            await RpcConnection.OpenAsync(Server.ConnectAsync, ServerAddress, Timeout);
        ShareRpcException got = await Assert.ThrowsAsync<ShareRpcException>(() => RedeemAsync(connection));

        Assert.Equal((code, sent.IsTransient, sent.Message), (got.Code, got.IsTransient, got.Message));
        Assert.Equal((sent.RetryAfter, 7L, 8L), (got.RetryAfter, got.Head, got.AckedSeq));
    }

    [Fact]
    public async Task An_error_without_the_protocols_data_is_transient_and_says_nothing_of_its_text()
    {
        Server.Refuse = _ => throw new InvalidOperationException("a secret in an exception's text");
        await using RpcConnection connection =
            await RpcConnection.OpenAsync(Server.ConnectAsync, ServerAddress, Timeout);
        ShareRpcException got = await Assert.ThrowsAsync<ShareRpcException>(() => RedeemAsync(connection));

        Assert.Equal((ErrorCode.Internal, true), (got.Code, got.IsTransient));
        Assert.DoesNotContain("secret", got.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_lost_in_a_call_is_not_an_answer()
    {
        Server.Refuse = _ => Server.Drop();
        await using RpcConnection connection =
            await RpcConnection.OpenAsync(Server.ConnectAsync, ServerAddress, Timeout);

        await Assert.ThrowsAsync<DisconnectedException>(() => RedeemAsync(connection));
        await connection.Closed.WaitAsync(Timeout);
        await Assert.ThrowsAsync<DisconnectedException>(() => RedeemAsync(connection));
    }

    [Fact]
    public async Task Invariant_I10_the_rpc_layer_traces_nothing()
    {
        await using ScriptedPair pair = new(Server);
        Assert.Equal(System.Diagnostics.SourceLevels.Off, pair.Rpc.TraceSource.Switch.Level);
        Assert.Empty(pair.Rpc.TraceSource.Listeners);
    }

    [Fact]
    public async Task Handles_are_released_when_the_client_lets_go_of_them()
    {
        (_, ShareLink link) = AddShare();
        await using RpcConnection connection =
            await RpcConnection.OpenAsync(Server.ConnectAsync, ServerAddress, Timeout);
        var request = new RedeemShareRequest { Token = link.Token.Reveal() };
        RedeemShareResult result = await connection.Gateway.RedeemShareAsync(request, Timeout);
        Assert.Equal(1, Server.LiveHandles);
        result.Share.Dispose();

        await Server.HandlesGoneAsync(Timeout);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_a_disconnection()
    {
        // Port 9 of the loopback: nothing listens.
        var nobody = new Uri("http://127.0.0.1:9");
        DisconnectedException error = await Assert.ThrowsAsync<DisconnectedException>(
            () => WebSocketTransport.Default.ConnectAsync(nobody, Timeout));
        Assert.IsType<WebSocketException>(error.InnerException);
    }

    private Task<RedeemShareResult> RedeemAsync(RpcConnection connection) => RpcConnection.CallAsync(
        () => connection.Gateway.RedeemShareAsync(new RedeemShareRequest { Token = "x" }, Timeout));

    private sealed class ScriptedPair(Fakes.ScriptedServer server) : IAsyncDisposable
    {
        private readonly Fakes.ScriptedConnection connection = new(server);

        public ClientRpc Rpc => field ??= new ClientRpc(connection.ClientEnd);

        public ValueTask DisposeAsync()
        {
            Rpc.Dispose();
            connection.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
