using System.CommandLine;
using ShareRpc.Cli.Terminal;
using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Pages;

namespace ShareRpc.Cli.Commands;

internal static class Export
{
    private static readonly Argument<string> Link = Inputs.Link("Link of the share");
    private static readonly Option<bool> Html =
        new("--html") { Description = "One file that a browser opens offline", Required = true };

    private static readonly Option<FileInfo?> Out = new("--out")
    {
        Description = "The file; it must not be there yet [default: SHARE_ID.html]", HelpName = "FILE",
    };

    private static readonly PassphraseInput Secret = new("The link has a passphrase");

    public static Command Build()
    {
        var command = new Command("export", Examples.Short(Examples.Export)) { Link, Html, Out };
        Secret.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    private static Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        CommandContext context = CommandContext.Of(parsed);
        ShareLink link = Inputs.ReadLink(context, parsed.GetRequiredValue(Link));
        string path = parsed.GetValue(Out)?.FullName ?? Path.GetFullPath($"{link.ShareId}.html");
        return PassphraseInput.WithAsync(context, Secret.Read(context, parsed, isNew: false), async passphrase =>
        {
            var options = new ShareReaderOptions { Passphrase = passphrase };
            await using var reader = new ShareReader(link, options, context.Time);
            ShareSnapshot snapshot = await reader.ReadStateAsync(stop).ConfigureAwait(false);
            long size = Write(path, snapshot);
            context.Output.Say($"{path}: {snapshot.Documents.Count} documents, {size} bytes. It holds no link.");
            context.Output.Emit(new { Event = "exported", Path = path, Documents = snapshot.Documents.Count, size });
            return ExitCode.Ok;
        });
    }

    /// <summary>Writes beside the place first, so that a file is there whole or not at all.</summary>
    private static long Write(string path, ShareSnapshot snapshot)
    {
        if (File.Exists(path))
            throw new CliException(ExitCode.Error, $"{path} is there already. Name another file with --out.");
        string beside = $"{path}.part";
        try
        {
            using (FileStream file = File.Create(beside))
            {
                if (!OfflinePage.Write(file, snapshot.Documents, snapshot.Cursor))
                {
                    throw new CliException(ExitCode.Error, "This build has no web pages: Node.js 20 or later was not "
                        + "there when it was made. The page in a browser saves Markdown and JSON.");
                }
            }

            File.Move(beside, path);
            return new FileInfo(path).Length;
        }
        finally
        {
            File.Delete(beside);
        }
    }
}
