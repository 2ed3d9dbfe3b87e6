using ShareRpc.Client;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Cli.Administration;

/// <summary>A creator ref for another machine, which stores the token; this machine does not.</summary>
internal sealed record NewAgent(string Label, Caveats Limits, string? File)
{
    /// <summary>Returns a null token if it was written to a file.</summary>
    public async Task<(string CapId, string? Token)> MakeAsync(AdminClient root)
    {
        ShareToken token = ShareToken.New(RandomId.New());

        // Before the call, so that a lost answer does not lose the token.
        if (File is not null) await WriteAsync(File, token).ConfigureAwait(false);
        try
        {
            await root.AttenuateAsync(new AttenuateRequest
            {
                CapId = token.CapId, TokenDigest = token.Digest, Rights = RightsNames.Creator.ToNames(), Label = Label,
                Caveats = Limits == Caveats.None ? null : Limits,
            }).ConfigureAwait(false);
        }
        catch (ShareRpcException refused) when (File is not null && !refused.IsTransient)
        {
            System.IO.File.Delete(File);
            throw;
        }
        catch (Exception unknown) when (File is not null && unknown is ShareRpcException or DisconnectedException)
        {
            // The server may have stored it: without the file nobody could use it.
            throw new CliException(ExitCode.Unreachable,
                $"{Failure.Of(unknown).Message} {File} keeps the token of {token.CapId}, which the server may know by "
                    + "now. If sharerpc agent ls lists that cap id, use the file; else delete it and repeat.");
        }

        return (token.CapId, File is null ? token.Reveal() : null);
    }

    private static async Task WriteAsync(string path, ShareToken token)
    {
        if (System.IO.File.Exists(path)) throw new CliException(ExitCode.Usage, $"{path} exists. Name a new file.");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        var file = new FileStream(path, options);
        await using (file.ConfigureAwait(false))
        {
            await using var writer = new StreamWriter(file);
            await writer.WriteLineAsync(token.Reveal()).ConfigureAwait(false);
            await writer.FlushAsync().ConfigureAwait(false);
            file.Flush(flushToDisk: true);
        }
    }
}
