using System.CommandLine;
using System.Text.Json;
using ShareRpc.Cli.Administration;
using ShareRpc.Cli.Terminal;
using ShareRpc.Cli.Watching;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using Spectre.Console;

namespace ShareRpc.Cli.Commands;

internal static class Comments
{
    private const int ShortId = 6;
    private static readonly Style Quiet = new(decoration: Decoration.Dim);
    private static readonly Argument<string?> Listed = new("SHARE")
    {
        Description = "Share id, a link of the share, session id, or - for a line of standard input",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Argument<string> Target = Inputs.Share();
    private static readonly Argument<string> Id =
        new("COMMENT") { Description = "Id of a comment, or how it begins, see sharerpc comments" };

    private static readonly Argument<string> TextArgument =
        new("TEXT") { Description = "What to answer, or - for a line of standard input" };

    private static readonly Option<bool> Open = new("--open") { Description = "Leaves out resolved threads" };
    private static readonly PassphraseInput Secret = new("The link has a passphrase");

    public static Command Build()
    {
        var reply = new Command("reply", "Answers a comment.") { Target, Id, TextArgument };
        reply.SetAction((parsed, stop) => AnswerAsync(
            parsed, TextOf(CommandContext.Of(parsed), parsed.GetRequiredValue(TextArgument)), resolved: null, stop));
        var resolve = new Command("resolve", "Says that a thread is resolved.") { Target, Id };
        resolve.SetAction((parsed, stop) => AnswerAsync(parsed, "", resolved: true, stop));
        var reopen = new Command("reopen", "Says that a thread is not resolved.") { Target, Id };
        reopen.SetAction((parsed, stop) => AnswerAsync(parsed, "", resolved: false, stop));
        var remove = new Command("rm", "Removes a comment: your own, or as the owner of the share any.") { Target, Id };
        remove.SetAction(RemoveAsync);
        foreach (Command one in new[] { reply, resolve, reopen, remove }) Secret.AddTo(one);
        var comments = new Command("comments", Examples.Short(Examples.Comments))
        {
            Listed, Open, reply, resolve, reopen, remove,
        };
        Secret.AddTo(comments);
        comments.SetAction(ListAsync);
        return comments;
    }

    private static string TextOf(CommandContext context, string text) =>
        text == StandardInput.Dash ? StandardInput.ReadLine(context.Output, "answer") : text;

    private static async Task<int> ListAsync(ParseResult parsed, CancellationToken stop)
    {
        CommandContext context = CommandContext.Of(parsed);
        string named = parsed.GetValue(Listed)
            ?? throw new CliException(ExitCode.Usage, "Name a share. See sharerpc comments --help.");
        return await OnShareAsync(parsed, context, named, async client =>
        {
            IReadOnlyList<Document> documents =
                await client.ReadStateAsync([Kinds.Comment], stop).ConfigureAwait(false);
            foreach (CommentThread thread in CommentThread.Of(documents))
            {
                if (parsed.GetValue(Open) && thread.IsResolved) continue;
                Say(context.Output, thread);
                foreach (Comment comment in thread.Comments)
                {
                    Document document = documents.First(one => one.Key == comment.Key.ToString());
                    context.Output.Emit(new
                    {
                        comment.Key.Id, On = new { comment.Key.Kind, comment.Key.Key }, thread.IsResolved,
                        Thread = thread.Id, document.Data,
                    });
                }
            }

            return ExitCode.Ok;
        }, stop).ConfigureAwait(false);
    }

    private static void Say(Output output, CommentThread thread)
    {
        CommentKey on = thread.First.Key;
        string state = thread.IsResolved ? ", resolved" : "";
        output.Say($"{on.Kind} {SafeText.Line(on.Key, 80)} {thread.First.Where}".TrimEnd() + state, Quiet);
        foreach (Comment comment in thread.Comments)
        {
            string indent = comment.Parent is null ? "  " : "    ";
            string id = comment.Key.Id[..Math.Min(ShortId, comment.Key.Id.Length)];
            output.Say($"{indent}{id}  {CaveatText.When(comment.CreatedMs)}  {comment.Said()}");
        }
    }

    private static async Task<int> AnswerAsync(ParseResult parsed, string text, bool? resolved, CancellationToken stop)
    {
        CommandContext context = CommandContext.Of(parsed);
        return await OnShareAsync(parsed, context, parsed.GetRequiredValue(Target), async client =>
        {
            (CommentThread thread, _) = await FindAsync(parsed, client, stop).ConfigureAwait(false);
            CommentKey key = thread.First.Key with { Id = RandomId.New() };
            var said = new CommentText(text, thread.Id, Quote: null, Line: null, resolved);
            return await SendAsync(context, client, new OpIntent
            {
                OpId = OpId.New(), Verb = Verbs.Put, Kind = Kinds.Comment, Key = key.ToString(),
                Data = RawJson.Parse(JsonSerializer.Serialize(said, ProtocolJson.Options)),
            }).ConfigureAwait(false);
        }, stop).ConfigureAwait(false);
    }

    private static async Task<int> RemoveAsync(ParseResult parsed, CancellationToken stop)
    {
        CommandContext context = CommandContext.Of(parsed);
        return await OnShareAsync(parsed, context, parsed.GetRequiredValue(Target), async client =>
        {
            (_, Comment comment) = await FindAsync(parsed, client, stop).ConfigureAwait(false);
            return await SendAsync(context, client, new OpIntent
            {
                OpId = OpId.New(), Verb = Verbs.Remove, Kind = Kinds.Comment, Key = comment.Key.ToString(),
            }).ConfigureAwait(false);
        }, stop).ConfigureAwait(false);
    }

    private static async Task<(CommentThread Thread, Comment Comment)> FindAsync(
        ParseResult parsed, AdminClient client, CancellationToken stop)
    {
        string id = parsed.GetRequiredValue(Id);
        List<(CommentThread Thread, Comment Comment)> found =
        [
            .. CommentThread.Of(await client.ReadStateAsync([Kinds.Comment], stop).ConfigureAwait(false))
                .SelectMany(thread => thread.Comments, (thread, comment) => (thread, comment))
                .Where(one => one.comment.Key.Id.StartsWith(id, StringComparison.Ordinal)),
        ];
        if (found.Count > 1) found = [.. found.Where(one => one.Comment.Key.Id == id)];
        return found.Count == 1 ? found[0] : throw new CliException(
            ExitCode.Error, "There is no such comment, or more than one. sharerpc comments lists them.");
    }

    private static async Task<int> SendAsync(CommandContext context, AdminClient client, OpIntent op)
    {
        Ack ack = await client.AppendAsync(new OpBatch { BatchId = op.OpId, Ops = [op] }).ConfigureAwait(false);
        if (ack.Rejected.Count > 0) throw new CliException(ExitCode.Denied, ack.Rejected[0].Message);
        context.Output.Say(op.Verb == Verbs.Remove ? "Removed." : "Sent.");
        context.Output.Emit(new { op.Key, ack.Cursor });
        return ExitCode.Ok;
    }

    /// <summary>Opens a share as its owner where this machine is, else by the link that was given.</summary>
    private static async Task<int> OnShareAsync(
        ParseResult parsed, CommandContext context, string named, Func<AdminClient, Task<int>> act,
        CancellationToken stop)
    {
        string target = Inputs.ReadTarget(context, named);
        var access = new AdminAccess(context, server: null, tokenFile: null);
        ShareLink link = await access.FindLinkAsync(target, stop).ConfigureAwait(false)
            ?? throw new CliException(
                ExitCode.Error, "This machine has no share of that name. Give a link that may comment.");
        string? given = Secret.Read(context, parsed, isNew: false);
        return await PassphraseInput.WithAsync(context, given, async passphrase =>
        {
            await using AdminClient client = await AdminClient
                .OpenShareAsync(link, passphrase, access.Credentials, stop).ConfigureAwait(false);
            return await act(client).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }
}
