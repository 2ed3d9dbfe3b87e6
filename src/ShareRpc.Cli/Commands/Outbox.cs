using System.CommandLine;
using ShareRpc.Cli.Sharing;
using ShareRpc.Cli.State;
using ShareRpc.Cli.Terminal;
using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Errors;
using ShareRpc.Sources.LeftOut;
using ShareRpc.Sources.Secrets;
using Spectre.Console;

namespace ShareRpc.Cli.Commands;

internal static class Outbox
{
    private const int FailedShown = 10;

    private static readonly Option<string?> Share =
        new("--share") { Description = "Only this share [default: all]", HelpName = "SHARE_ID" };

    private static readonly Option<string?> Op =
        new("--op") { Description = "Only this op and its atomic group [default: all]", HelpName = "OP_ID" };

    private static readonly Option<bool> Yes = new("--yes") { Description = "Confirms that the ops are deleted" };

    private static readonly Option<bool> Waiting = new("--waiting")
    {
        Description = "With --share: forgets a share that no server has, as one queued for a wrong server, and all "
            + "that waits for it",
    };

    private static readonly Option<double> Timeout = new("--timeout")
    {
        Description = "Seconds after which sending is given up, less than 86,400", HelpName = "SECONDS",
        DefaultValueFactory = _ => 30,
    };

    public static Command Build()
    {
        var status = new Command("status",
            "Prints what waits, what was acknowledged and what was refused, for each share.") { Share };
        status.SetAction((parsed, stop) => StatusAsync(CommandContext.Of(parsed), parsed.GetValue(Share), stop));
        var retry =
            new Command("retry", "Queues refused ops and requests again and sends what waits.") { Share, Op, Timeout };
        retry.Validators.Add(result => Inputs.CheckSeconds(result, Timeout));
        retry.SetAction((parsed, stop) =>
            RetryAsync(
                CommandContext.Of(parsed), parsed.GetValue(Share), parsed.GetValue(Op),
                TimeSpan.FromSeconds(parsed.GetValue(Timeout)),
                stop));
        var drop = new Command("drop", "Deletes refused ops and requests for good.") { Share, Op, Waiting, Yes };
        drop.Validators.Add(result =>
        {
            if (!result.GetValue(Waiting)) return;
            if (result.GetValue(Share) is null || result.GetResult(Op) is not null)
                result.AddError("--waiting takes one share: name it with --share, without --op.");
        });
        drop.SetAction((parsed, stop) =>
        {
            CommandContext context = CommandContext.Of(parsed);
            if (!parsed.GetValue(Yes)) throw Unconfirmed();
            return parsed.GetValue(Waiting) ? ForgetAsync(context, parsed.GetValue(Share)!, stop)
                : DropAsync(context, parsed.GetValue(Share), parsed.GetValue(Op), stop);
        });
        var export = new Command("export", "Prints refused ops completely, one JSON object per line.") { Share };
        export.SetAction((parsed, stop) => ExportAsync(CommandContext.Of(parsed), parsed.GetValue(Share), stop));
        return new Command("outbox", Examples.Short(Examples.Outbox)) { status, retry, drop, export };
    }

    private static async Task<int> StatusAsync(CommandContext context, string? shareId, CancellationToken stop)
    {
        int count = 0;
        await ForEachAsync(context, send: false, async (client, server) =>
        {
            foreach (WriterStatus share in await client.StatusAsync(stop).ConfigureAwait(false))
            {
                if (shareId is not null && share.ShareId != shareId) continue;
                ShareWriter writer = client.FindShare(share.ExternalKey)!;
                IReadOnlyList<FailedOp> failed = await writer.ListFailedAsync(FailedShown, stop).ConfigureAwait(false);
                var redacted = SecretCounts.FromJson(
                    await writer.ReadBookmarkAsync(SecretCounts.BookmarkName, stop).ConfigureAwait(false));
                IReadOnlyList<WriterRequest> requests = await writer.ListRequestsAsync(stop).ConfigureAwait(false);
                LeftOutDocuments leftOut = await LeftOutDocuments.ReadAsync(writer, stop).ConfigureAwait(false);
                Say(context.Output, server, share, failed, requests, redacted, leftOut.Listed);
                count++;
            }
        }, stop).ConfigureAwait(false);
        if (count == 0) context.Output.Say(shareId is null
            ? "The outbox is empty. Nothing was shared yet." : "The outbox has no such share.");
        return ExitCode.Ok;
    }

    private static async Task<int> RetryAsync(
        CommandContext context, string? shareId, string? opId, TimeSpan timeout, CancellationToken stop)
    {
        int retried = 0;
        long sent = 0;
        bool isDrained = true;
        await ForEachAsync(context, send: true, async (client, _) =>
        {
            long before = client.Shares.Sum(share => share.Status.Acked);
            foreach (ShareWriter share in Chosen(client, shareId))
                retried += await share.RetryAsync(opId, stop).ConfigureAwait(false);
            isDrained &= await DrainedAsync(context, client, timeout, stop).ConfigureAwait(false);
            sent += client.Shares.Sum(share => share.Status.Acked) - before;
        }, stop).ConfigureAwait(false);
        context.Output.Emit(new { Retried = retried, Sent = sent, Drained = isDrained });
        if (!isDrained) throw new CliException(ExitCode.Unreachable,
            $"{retried} op(s) and request(s) are queued again. The server does not answer; they are sent when it "
                + "does.");
        context.Output.Say(
            $"{retried} refused op(s) and request(s) were tried again, and {sent} op(s) were sent in all; the outbox "
                + "is empty. Run sharerpc outbox status for the results.");
        return ExitCode.Ok;
    }

    private static CliException Unconfirmed() => new(ExitCode.Usage,
        "Dropped ops cannot be restored. Export them with sharerpc outbox export, then repeat with --yes.");

    /// <summary>Forgets a share that no server has.</summary>
    private static async Task<int> ForgetAsync(CommandContext context, string shareId, CancellationToken stop)
    {
        int found = 0;
        await ForEachAsync(context, send: false, async (client, server) =>
        {
            foreach (ShareWriter share in Chosen(client, shareId))
            {
                long waiting = share.Status.Pending + share.Status.InFlight;
                if (!await share.ForgetAsync(stop).ConfigureAwait(false))
                {
                    throw new CliException(ExitCode.Error,
                        $"Nothing was dropped: {server} has this share (take it back with sharerpc revoke or rm), or "
                        + "another sharerpc process is sending (stop it, wait some seconds, run this again).");
                }

                found++;
                context.Output.Emit(new { Dropped = waiting, Forgotten = shareId });
                context.Output.Say($"The share is forgotten, with {waiting} op(s) that waited for {server}. The next "
                    + "sharerpc share makes another.");
            }
        }, stop).ConfigureAwait(false);
        if (found == 0) throw new CliException(ExitCode.Error, "The outbox has no such share.");
        return ExitCode.Ok;
    }

    private static async Task<int> DropAsync(
        CommandContext context, string? shareId, string? opId, CancellationToken stop)
    {
        int dropped = 0;
        await ForEachAsync(context, send: false, async (client, _) =>
        {
            foreach (ShareWriter share in Chosen(client, shareId))
                dropped += await share.DropAsync(opId, stop).ConfigureAwait(false);
        }, stop).ConfigureAwait(false);
        context.Output.Emit(new { Dropped = dropped });
        context.Output.Say($"{dropped} op(s) and request(s) were dropped.");
        return ExitCode.Ok;
    }

    private static async Task<int> ExportAsync(CommandContext context, string? shareId, CancellationToken stop)
    {
        var lines = new Output(context.Output.Standard, context.Output.Errors, isJson: true);
        using CancellationTokenSource either = lines.StopOrClosed(stop);
        await ForEachAsync(context, send: false, async (client, _) =>
        {
            foreach (ShareWriter share in Chosen(client, shareId))
            {
                await foreach (ParkedOp op in share.ReadParkedAsync(either.Token).ConfigureAwait(false))
                {
                    lines.Emit(new
                    {
                        share.ShareId, share.ExternalKey, op.OpId, op.Verb, op.Kind, op.Key, op.Data, op.DependsOn,
                        op.Code, op.Message,
                        op.OutcomeUnknown, op.IsWaiting,
                    });
                }
            }
        }, stop).ConfigureAwait(false);
        return ExitCode.Ok;
    }

    private static IEnumerable<ShareWriter> Chosen(ShareClient client, string? shareId) =>
        client.Shares.Where(share => shareId is null || share.ShareId == shareId);

    private static async Task ForEachAsync(CommandContext context, bool send, Func<ShareClient, Uri, Task> action,
        CancellationToken stop)
    {
        if (!Path.Exists(context.State.OutboxPath)) return;
        var known = new KnownShares(context);
        foreach (Uri server in known.Servers)
        {
            ShareClient client = await known.OpenAsync(server, send, stop).ConfigureAwait(false);
            await using (client.ConfigureAwait(false)) await action(client, server).ConfigureAwait(false);
        }
    }

    private static async Task<bool> DrainedAsync(CommandContext context, ShareClient client, TimeSpan timeout,
        CancellationToken stop)
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

    private static void Say(Output output, Uri server, WriterStatus share, IReadOnlyList<FailedOp> failed,
        IReadOnlyList<WriterRequest> requests, SecretCounts redacted, IReadOnlyList<LeftOutDocument> leftOut)
    {
        output.Emit(new
        {
            Server = server.ToString().TrimEnd('/'), share.ShareId, share.ExternalKey, share.Label, share.Pending,
            share.InFlight,
            share.Acked, share.Failed, share.Waiting, share.Applied, share.Duplicates, share.Cursor, share.LastError,
            share.ClosedCode,
            share.Missing, FailedOps = failed, Requests = requests, LeftOut = leftOut, Redacted = redacted.Total,
            RedactedByRule = redacted.ByRule,
        });
        output.Write($"{share.ShareId}  ", new Style(decoration: Decoration.Bold));
        output.Say($"{SafeText.Line(share.ExternalKey, 60)}  {SafeText.Line(share.Label ?? "", 60)}");
        string trouble = share.LastError is null ? "" : $", last refusal {share.LastError}";
        output.Say(
            $"  pending {share.Pending}, in flight {share.InFlight}, waiting for others {share.Waiting}, acked "
                + $"{share.Acked}, failed "
                + $"{share.Failed}, cursor {share.Cursor}{trouble}",
            share.Failed > 0 || share.ClosedCode is not null ? new Style(Color.Red) : (Style?)null);
        if (redacted.Total > 0)
            output.Say($"  redacted {redacted.Total}: {SafeText.Line(string.Join(", ", redacted.ByRule.Keys))}");
        foreach (MissingOps lost in share.Missing)
        {
            output.Say($"  missing {lost.Count}: the server was restored from a backup; ops {lost.FirstSeq} to "
                + $"{lost.LastSeq} of writer {lost.WriterId} were acknowledged before, and it has them no more",
                new Style(Color.Red));
        }

        LeftOutLines.Say(output, leftOut);
        foreach (FailedOp op in failed)
        {
            string unknown = op.OutcomeUnknown ? " (it was sent; the result is unknown)" : "";
            output.Say($"    {op.OpId}  {op.Kind} {SafeText.Line(op.Key, 60)}: {op.Code}. "
                + $"{SafeText.Line(op.Message, 120)}{unknown}");
        }

        long more = share.Failed - share.FailedRequests - failed.Count;
        if (more > 0) output.Say($"    and {more} more: sharerpc outbox export");
        foreach (WriterRequest request in requests)
            output.Say($"    {request.Kind} {request.CapId}: {Outcome(request.Code)}");
    }

    private static string Outcome(string? code)
    {
        if (code is null) return "waits for the server";
        return ErrorCodes.TryParse(code, out ErrorCode known) ? $"{code}. {ErrorCodes.HintOf(known)}" : code;
    }
}
