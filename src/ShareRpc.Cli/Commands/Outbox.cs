using System.CommandLine;
using ShareRpc.Cli.State;
using ShareRpc.Cli.Terminal;
using ShareRpc.Client;
using Spectre.Console;

namespace ShareRpc.Cli.Commands;

/// <summary><c>sharerpc outbox status</c> and <c>sharerpc outbox retry</c></summary>
internal static class Outbox
{
    private static readonly Option<string?> Share = new("--share") { Description = "Only this share", HelpName = "SHARE_ID" };

    private static readonly Option<double> Timeout = new("--timeout")
    {
        Description = "Give up sending after this long", HelpName = "SECONDS", DefaultValueFactory = _ => 30,
    };

    public static Command Build()
    {
        var status = new Command("status", "What waits, what arrived, and what was refused, share by share.") { Share };
        status.SetAction((parsed, stop) => StatusAsync(CommandContext.Of(parsed), parsed.GetValue(Share), stop));
        var retry = new Command("retry", "Try again what was refused, and send whatever waits.") { Share, Timeout };
        retry.Validators.Add(result => Inputs.CheckSeconds(result, Timeout));
        retry.SetAction((parsed, stop) =>
            RetryAsync(CommandContext.Of(parsed), parsed.GetValue(Share), TimeSpan.FromSeconds(parsed.GetValue(Timeout)), stop));
        return new Command("outbox", Examples.Outbox) { status, retry };
    }

    private static async Task<int> StatusAsync(CommandContext context, string? shareId, CancellationToken stop)
    {
        int count = 0;
        await ForEachAsync(context, send: false, async (client, server) =>
        {
            foreach (WriterStatus share in await client.StatusAsync(stop).ConfigureAwait(false))
            {
                if (shareId is not null && share.ShareId != shareId) continue;
                Say(context.Output, server, share);
                count++;
            }
        }, stop).ConfigureAwait(false);
        if (count == 0) context.Output.Say(shareId is null
            ? "The outbox is empty: nothing was shared yet." : "The outbox has no such share.");
        return ExitCode.Ok;
    }

    private static async Task<int> RetryAsync(CommandContext context, string? shareId, TimeSpan timeout, CancellationToken stop)
    {
        int retried = 0;
        bool isDrained = true;
        await ForEachAsync(context, send: true, async (client, _) =>
        {
            retried += await client.RetryFailedAsync(shareId, stop).ConfigureAwait(false);
            isDrained &= await DrainedAsync(context, client, timeout, stop).ConfigureAwait(false);
        }, stop).ConfigureAwait(false);
        context.Output.Emit(new { Retried = retried, Drained = isDrained });
        if (!isDrained) throw new CliException(ExitCode.Unreachable,
            $"{retried} op(s) are queued again; the server does not answer. They are sent when it does.");
        context.Output.Say($"{retried} op(s) were tried again; nothing waits any more. See sharerpc outbox status.");
        return ExitCode.Ok;
    }

    private static async Task ForEachAsync(CommandContext context, bool send, Func<ShareClient, Uri, Task> action, CancellationToken stop)
    {
        if (!File.Exists(context.State.OutboxPath)) return;
        var known = new KnownShares(context);
        foreach (Uri server in known.Servers)
        {
            ShareClient client = await known.OpenAsync(server, send, stop).ConfigureAwait(false);
            await using (client.ConfigureAwait(false)) await action(client, server).ConfigureAwait(false);
        }
    }

    private static async Task<bool> DrainedAsync(CommandContext context, ShareClient client, TimeSpan timeout, CancellationToken stop)
    {
        using var patience = new CancellationTokenSource(timeout, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        try
        {
            await client.FlushAsync(either.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return false;
        }
    }

    private static void Say(Output output, Uri server, WriterStatus share)
    {
        output.Emit(new
        {
            Server = server.ToString().TrimEnd('/'), share.ShareId, share.ExternalKey, share.Label, share.Pending, share.InFlight,
            share.Acked, share.Failed,
            share.Applied, share.Duplicates, share.Cursor, share.LastError, share.ClosedCode,
        });
        output.Write($"{share.ShareId}  ", new Style(decoration: Decoration.Bold));
        output.Say($"{SafeText.Line(share.ExternalKey, 60)}  {SafeText.Line(share.Label ?? "", 60)}");
        string trouble = share.LastError is null ? "" : $", last refusal {share.LastError}";
        output.Say(
            $"  pending {share.Pending}, in flight {share.InFlight}, acked {share.Acked}, failed {share.Failed}, cursor "
                + $"{share.Cursor}{trouble}",
            share.Failed > 0 || share.ClosedCode is not null ? new Style(Color.Red) : null);
    }
}
