using System.CommandLine;
using ShareRpc.Cli.Administration;
using ShareRpc.Cli.Terminal;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using Spectre.Console;

namespace ShareRpc.Cli.Commands;

internal static class Find
{
    private static readonly Argument<string[]> Words = new("WORDS")
    {
        Description = "Whole words, all of which must be in one message or tool call", Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<int> Limit = new("--limit")
    {
        Description = "Sessions at most", HelpName = "N", DefaultValueFactory = _ => 20,
    };

    private static readonly Option<string?> Server = Inputs.Server();
    private static readonly Option<string?> TokenFile = Inputs.TokenFile();

    public static Command Build()
    {
        var command = new Command("find", Examples.Short(Examples.Find)) { Words, Limit, Server, TokenFile };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        CommandContext context = CommandContext.Of(parsed);
        var access = new AdminAccess(context, parsed.GetValue(Server), parsed.GetValue(TokenFile));
        Uri server = access.Server;
        await using AdminClient admin = await access.OpenRootAsync(server, stop).ConfigureAwait(false);
        string query = string.Join(' ', parsed.GetRequiredValue(Words));
        int left = Math.Max(1, parsed.GetValue(Limit));
        bool isAny = false;
        long? after = null;
        do
        {
            var request = new SearchRequest { Query = query, After = after, Limit = Math.Min(left, 100) };
            ShareSearchPage page = await admin.SearchSharesAsync(request, stop).ConfigureAwait(false);
            foreach (ShareSearchHit share in page.Shares) Tell(context.Output, server, share);
            isAny |= page.Shares.Count > 0;
            left -= page.Shares.Count;
            after = page.Next;
        }
        while (left > 0 && after is not null);
        if (!isAny && !context.Output.IsJson) context.Output.Say("No session has these words. Words match whole.");
        return ExitCode.Ok;
    }

    private static void Tell(Output output, Uri server, ShareSearchHit share)
    {
        string address = AddressOf(server, share);
        output.Emit(new { share.ShareId, share.Label, share.Hit.Kind, share.Hit.Key, share.Hit.Cursor,
            share.Hit.Snippet, Address = address });
        if (output.IsJson) return;
        output.Write($"{share.ShareId}  ", new Style(decoration: Decoration.Bold));
        output.Say(SafeText.Line(share.Label ?? "", 60));
        output.Say($"  {SafeText.Line(share.Hit.Snippet, 200)}");
        output.Say($"  {address}");
    }

    /// <summary>Returns the place in the page, without a token: a browser that has opened the link shows it.</summary>
    private static string AddressOf(Uri server, ShareSearchHit share)
    {
        string? message = share.Hit.Kind == Kinds.Message ? share.Hit.Key : share.Hit.Message;
        string place = message is null ? "" : $"#m-{Uri.EscapeDataString(message)}";
        return $"{server.AbsoluteUri.TrimEnd('/')}/s/{share.ShareId}{place}";
    }
}
