using System.Text.Json;
using ShareRpc.Cli.Terminal;
using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Sources.Opencode.Files;
using Spectre.Console;

namespace ShareRpc.Cli.Sharing;

internal sealed class ImportRun
{
    private const int MaxSaid = 20;

    private readonly Output output;
    private readonly TimeProvider time;
    private readonly ShareClient client;
    private readonly OpencodeFilesImport import;
    private readonly LinkCheck links;
    private readonly List<SharedSession> shared = [];

    public ImportRun(CommandContext context, ShareClient client, OpencodeFilesOptions options, LinkCheck links)
    {
        output = context.Output;
        time = context.Time;
        this.client = client;
        this.links = links;
        import = new OpencodeFilesImport(client, options, time) { Started = StartedAsync };
    }

    public async Task<int> RunAsync(TimeSpan timeout, CancellationToken stop)
    {
        try
        {
            return await ImportAsync(timeout, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            throw new CliException(ExitCode.Error,
                "Stopped before the server had everything. Run the command again to continue.");
        }
    }

    private async Task<int> ImportAsync(TimeSpan timeout, CancellationToken stop)
    {
        ImportReport report = await import.RunAsync(stop).ConfigureAwait(false);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task settled = client.FlushAsync(giveUp.Token);
        bool isSettled = await Delivery.EndsAsync(settled, () => shared, timeout, time, stop).ConfigureAwait(false);
        if (!isSettled) await giveUp.CancelAsync().ConfigureAwait(false);
        await settled.ConfigureAwait(isSettled ? ConfigureAwaitOptions.None : ConfigureAwaitOptions.SuppressThrowing);
        foreach (SharedSession session in shared)
        {
            SessionReport line = session.Report();
            output.Emit(line);
            output.Say(line.ToString(), line.Failed > 0 ? new Style(Color.Red) : (Style?)null);
            LeftOutLines.Say(output, line.LeftOut);
        }

        Say(report);
        return isSettled ? Delivery.Outcome(shared) : throw Delivery.TimedOut(shared);
    }

    private async Task StartedAsync(ImportedSession session, CancellationToken cancellationToken)
    {
        string? linkState = await links.FindStateAsync(session.Writer, cancellationToken).ConfigureAwait(false);
        var started = new SharedSession(session, linkState);
        shared.Add(started);
        string parent = session.ParentId is null ? "" : $"  (subagent of {SafeText.Line(session.ParentId, 60)})";
        output.Say($"{session.SessionId}  {SafeText.Line(session.Title, 60)}{parent}");
        output.Say($"  {started.LinkOrReason}", new Style(Color.Aqua));
        output.Emit(new
        {
            Event = "started", Session = session.SessionId, Parent = session.ParentId, session.Writer.ShareId,
            started.Link,
        });
    }

    private void Say(ImportReport report)
    {
        ImportState state = report.State;
        string counts = $"{state.Sessions} sessions, {state.Messages} messages, {state.Parts} parts";
        output.Say(report.IsEarlier
            ? $"Imported before, on {state.FinishedAt:yyyy-MM-dd HH:mm} UTC: {counts}, {state.SkippedCount} left out. "
                + "Nothing was read "
                + "now; --rescan reads it again."
            : $"Imported {counts}; {state.SkippedCount} left out.");
        foreach (SkippedFile file in report.Skipped.Take(MaxSaid))
            output.Say($"  {SafeText.Line(file.Path, 120)}: {file.Explanation}");
        if (report.Skipped.Count > MaxSaid) output.Say($"  and {state.SkippedCount - MaxSaid} more; --json lists them");
        output.Emit(new
        {
            Event = "imported", state.Path, state.ContentHash, state.Sessions, state.Messages, state.Parts,
            state.SkippedCount,
            Skipped = JsonSerializer.Deserialize<JsonElement>(state.Skipped), Earlier = report.IsEarlier,
            FinishedAtMs = state.FinishedAt?.ToUnixTimeMilliseconds(),
        });
    }
}
