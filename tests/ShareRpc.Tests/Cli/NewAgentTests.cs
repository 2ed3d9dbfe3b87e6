using ShareRpc.Cli;
using ShareRpc.Cli.Administration;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Client;

namespace ShareRpc.Tests.Cli;

/// <summary>The file with an agent's token, when the server does not say yes.</summary>
public class NewAgentTests : ClientTest
{
    private string Token => Files["agent.token"];

    [Theory]
    [InlineData(ErrorCode.Overloaded)]
    [InlineData(ErrorCode.StorageUnavailable)]
    public async Task After_a_transient_error_the_file_stays_and_the_message_says_what_to_do(ErrorCode code)
    {
        Server.Refuse = call =>
        {
            if (call is AttenuateRequest) throw new ShareRpcException(code);
        };
        CliException said = await Assert.ThrowsAsync<CliException>(MakeAsync);

        Assert.Equal(ExitCode.Unreachable, said.ExitCode);
        Assert.Contains(Token, said.Message, StringComparison.Ordinal);
        Assert.Contains("sharerpc agent ls", said.Message, StringComparison.Ordinal);
        Assert.True(ShareToken.TryParse((await File.ReadAllTextAsync(Token, Timeout)).Trim(), out ShareToken? kept));
        Assert.Contains(kept.CapId, said.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(kept.Reveal(), said.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_the_connection_breaks_before_the_answer_the_file_stays()
    {
        Server.Refuse = call =>
        {
            if (call is AttenuateRequest) Server.Drop();
        };
        await Assert.ThrowsAsync<CliException>(MakeAsync);

        Assert.True(File.Exists(Token));
    }

    [Fact]
    public async Task After_a_refusal_for_good_the_file_is_gone()
    {
        Server.Refuse = call =>
        {
            if (call is AttenuateRequest) throw new ShareRpcException(ErrorCode.Forbidden);
        };
        await Assert.ThrowsAsync<ShareRpcException>(MakeAsync);

        Assert.False(File.Exists(Token));
    }

    private async Task MakeAsync()
    {
        await using AdminClient root =
            await AdminClient.OpenRootAsync(Server.ConnectAsync, ServerAddress, Server.AddCreator(), Timeout);
        await new NewAgent("laptop", Caveats.None, Token).MakeAsync(root);
    }
}
