using System.CommandLine;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using ShareRpc.Cli.State;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Cli.Commands;

internal static class Preview
{
    private static readonly Argument<string> Link = Inputs.Link("Link of the share, as invite printed it");

    private static readonly Option<string> Title = new("--title")
    {
        Description = "Title of the preview, at most 120 characters", HelpName = "TEXT", Required = true,
    };

    private static readonly Option<string?> Description = new("--description")
    {
        Description = "What the preview says below the title, at most 300 characters", HelpName = "TEXT",
    };

    public static Command Build()
    {
        var command = new Command("preview", Examples.Short(Examples.Preview)) { Link, Title, Description };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        CommandContext context = CommandContext.Of(parsed);
        ShareLink link = Inputs.ReadLink(context, parsed.GetRequiredValue(Link));
        ShareLink signer = await OwnerOfAsync(context, link, stop).ConfigureAwait(false) ?? link;
        string query = await SignAsync(
            signer, parsed.GetRequiredValue(Title), parsed.GetValue(Description), stop).ConfigureAwait(false);
        string sent = link.Reveal().Replace("#", $"?{query}#", StringComparison.Ordinal);
        context.Output.Say(sent);
        context.Output.Emit(new { Event = "preview", Link = sent });
        return ExitCode.Ok;
    }

    private static async Task<ShareLink?> OwnerOfAsync(CommandContext context, ShareLink link, CancellationToken stop)
    {
        var known = new KnownShares(context);
        if (await known.FindAsync(link.ShareId, send: false, stop).ConfigureAwait(false) is not var (client, share))
            return null;
        await using (client.ConfigureAwait(false)) return share.OwnerLink;
    }

    private static async Task<string> SignAsync(
        ShareLink signer, string title, string? description, CancellationToken stop)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        string server = signer.Server.GetLeftPart(UriPartial.Path).TrimEnd('/');
        using var request = new HttpRequestMessage(
            HttpMethod.Post, new Uri($"{server}/v1/shares/{signer.ShareId}/previews"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", signer.Token.Reveal());
        request.Content = JsonContent.Create(new { title, description });
        HttpResponseMessage answer;
        try
        {
            answer = await http.SendAsync(request, stop).ConfigureAwait(false);
        }
        catch (HttpRequestException)
        {
            throw new CliException(ExitCode.Error, $"{signer.Server} does not answer. Try again when it does.");
        }

        using (answer)
        {
            if (!answer.IsSuccessStatusCode)
            {
                throw new CliException(ExitCode.Error, "The server signs no preview for this: it takes the share's "
                    + "owner, or a link that may invite, and one line of text each.");
            }

            using JsonDocument signed = await JsonDocument.ParseAsync(
                await answer.Content.ReadAsStreamAsync(stop).ConfigureAwait(false), cancellationToken: stop)
                .ConfigureAwait(false);
            return signed.RootElement.GetProperty("query").GetString()!;
        }
    }
}
