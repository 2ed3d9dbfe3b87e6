using System.ComponentModel;
using System.Text.Json;
using ShareRpc.Client;
using ShareRpc.Client.Admin;
using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Cli.Pulling;

/// <summary>
/// One share into opencode, by <c>opencode import https://host/share/TOKEN</c>. The token shows in the arguments of that process: where the
/// link allows it, one is made for this purpose, which ends soon, and at once when the import has.
/// </summary>
internal sealed class OpencodePull(CommandContext context, ShareLink link, string? binary, string? passphrase)
{
    private const string Label = "pull into opencode";
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    /// <summary>Prints the command; a token that was made for it lives a quarter of an hour.</summary>
    public async Task<int> PrintAsync(CancellationToken stop)
    {
        AdminClient access = await CheckedAsync(stop).ConfigureAwait(false);
        await using (access.ConfigureAwait(false)) Say(await TokenAsync(access).ConfigureAwait(false) ?? link.Token);
        return ExitCode.Ok;
    }

    public async Task<int> ImportAsync(CancellationToken stop)
    {
        AdminClient access = await CheckedAsync(stop).ConfigureAwait(false);
        await using (access.ConfigureAwait(false))
        {
            ShareToken? made = await TokenAsync(access).ConfigureAwait(false);
            if (OpencodeProgram.Find(binary) is not { } program)
            {
                Say(made ?? link.Token);
                throw new CliException(ExitCode.Error, binary is null
                    ? "There is no opencode on PATH. Name it with --opencode-binary PATH, or run the command above where it is."
                    : $"There is no program {binary}. Run the command above where opencode is.");
            }

            try
            {
                return await RunAsync(program, made ?? link.Token, stop).ConfigureAwait(false);
            }
            finally
            {
                if (made is not null) await TakeBackAsync(access, made).ConfigureAwait(false);
            }
        }
    }

    private async Task<int> RunAsync(string program, ShareToken token, CancellationToken stop)
    {
        int exitCode;
        try
        {
            exitCode = await OpencodeProgram.RunAsync(program, ["import", AddressOf(token)], context.Output, stop).ConfigureAwait(false);
        }
        catch (Win32Exception)
        {
            throw new CliException(ExitCode.Error, $"{program} could not be started. Is it a program for this machine?");
        }

        context.Output.Emit(new { Event = "imported", link.ShareId, OpencodeExitCode = exitCode });
        if (exitCode == 0) return ExitCode.Ok;
        throw new CliException(ExitCode.Error, $"opencode import ended with {exitCode}; what it said is above.");
    }

    /// <summary>The share is there, this link may read it, and it holds an opencode session.</summary>
    private async Task<AdminClient> CheckedAsync(CancellationToken stop)
    {
        if (link.Server.AbsolutePath != "/")
            throw new CliException(ExitCode.Error, "opencode imports only from a server at the root of its host, not below a path.");
        AdminClient access = await AdminClient.OpenShareAsync(link, passphrase, stop).ConfigureAwait(false);
        try
        {
            await using var reader = new ShareReader(
                link, ShareReaderOptions.Default with { Passphrase = passphrase }, context.Time);
            ShareSnapshot sessions = await reader.ReadStateAsync([Kinds.Session], stop).ConfigureAwait(false);
            if (sessions.Documents.Any(IsOfOpencode)) return access;
            throw new CliException(ExitCode.Error, "This share holds no opencode session, or none has arrived yet.");
        }
        catch
        {
            await access.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static bool IsOfOpencode(Document session)
    {
        using JsonDocument document = session.Data.ToDocument();
        return session.Key.StartsWith("ses_", StringComparison.Ordinal) && document.RootElement.ValueKind == JsonValueKind.Object
            && document.RootElement.TryGetProperty("id", out JsonElement id) && id.ValueEquals(session.Key);
    }

    /// <summary>A token of its own for this import; null when the link may make none.</summary>
    private async Task<ShareToken?> TokenAsync(AdminClient access)
    {
        if (!access.Rights.Contains("attenuate"))
        {
            if (passphrase is null) return null;
            throw new CliException(ExitCode.Error, "opencode cannot give a passphrase. Ask for a link without one, which ends soon.");
        }

        ShareToken token = ShareToken.New(RandomId.New());
        await access.AttenuateAsync(new AttenuateRequest
        {
            CapId = token.CapId, TokenDigest = token.Digest, Rights = Rights.Read.ToNames(), Label = Label,
            Caveats = new Caveats { ExpiresAtMs = (context.Time.GetUtcNow() + Lifetime).ToUnixTimeMilliseconds() },
        }).ConfigureAwait(false);
        return token;
    }

    private static async Task TakeBackAsync(AdminClient access, ShareToken made)
    {
        if (!access.Rights.Contains("revoke")) return;
        try
        {
            await access.RevokeCapabilityAsync(made.CapId).ConfigureAwait(false);
        }
        catch (Exception error) when (error is ShareRpcException or DisconnectedException)
        {
            // It ends by itself in a quarter of an hour.
        }
    }

    private void Say(ShareToken token)
    {
        context.Output.Say($"opencode import {AddressOf(token)}");
        context.Output.Emit(new { Event = "command", Command = new[] { "opencode", "import", AddressOf(token) } });
    }

    private string AddressOf(ShareToken token) => $"{link.Server.GetLeftPart(UriPartial.Authority)}/share/{token.Reveal()}";
}
