using System.Collections.Immutable;
using ShareRpc.Cli.Terminal;
using ShareRpc.Client;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.Opencode;
using Spectre.Console;

namespace ShareRpc.Cli.Sharing;

internal sealed class SharingRun
{
    private static readonly TimeSpan StatusInterval = TimeSpan.FromMilliseconds(250);

    // The state of many shares takes long: at most this part of the time is spent on it.
    private const int StatusLoad = 10;
    private static readonly TimeSpan SayInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LastMoment = TimeSpan.FromSeconds(1);

    private readonly Output output;
    private readonly TimeProvider time;
    private readonly SharingSources sessions;
    private readonly LinkCheck links;
    private string lastSaid = "";
    private long lastSaidAt;

    // Replaced, never changed: the status line reads it concurrently.
    private volatile ImmutableList<SharedSession> shared = [];

    public SharingRun(CommandContext context, SharingSources sessions, LinkCheck links)
    {
        output = context.Output;
        time = context.Time;
        this.sessions = sessions;
        this.links = links;
        if (sessions.Older is { } older) older.Started = StartedAsync;
        if (sessions.Followed is { } followed) followed.Started = StartedAsync;
    }

    public async Task<int> OnceAsync(TimeSpan timeout, CancellationToken stop)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(stop);
        bool timedOut = false;
        try
        {
            await sessions.LookAsync(stop).ConfigureAwait(false);
            Task settled = sessions.SettleAsync(giveUp.Token);
            timedOut = !await Delivery.EndsAsync(settled, () => shared, timeout, time, stop).ConfigureAwait(false);
            if (timedOut) await giveUp.CancelAsync().ConfigureAwait(false);
            await settled.ConfigureAwait(timedOut
                ? ConfigureAwaitOptions.SuppressThrowing : ConfigureAwaitOptions.None);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            Report();
            throw new CliException(ExitCode.Error,
                "Stopped before the server had everything. The rest is safely queued; run the command again.");
        }

        Report();
        if (timedOut) throw Delivery.TimedOut(shared);
        int outcome = Delivery.Outcome(shared);
        return sessions.LastError is { } error
            ? throw new CliException(ExitCode.Error, $"Not everything could be read. {error}") : outcome;
    }

    public async Task<int> TailAsync(CancellationToken stop)
    {
        await sessions.LookAsync(stop).ConfigureAwait(false);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task tail = sessions.TailAsync(ending.Token);
        if (output.IsTerminal)
            await output.Console.Live(StatusLine()).StartAsync(live =>
                WatchAsync(tail, () => live.UpdateTarget(StatusLine()), stop))
                .ConfigureAwait(false);
        else
            await WatchAsync(tail, SayChanges, stop).ConfigureAwait(false);
        await ending.CancelAsync().ConfigureAwait(false);
        await tail.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (stop.IsCancellationRequested) await LastMomentAsync().ConfigureAwait(false);
        Report();
        if (tail.IsFaulted) await tail.ConfigureAwait(false);
        if (!stop.IsCancellationRequested) return Delivery.Outcome(shared);
        long waiting = shared.Sum(session => session.Status.Pending + session.Status.InFlight);
        return waiting == 0 ? ExitCode.Ok : throw new CliException(ExitCode.Unreachable,
            $"Stopped while {waiting} op(s) wait in the outbox. The next sharerpc share or sharerpc outbox retry sends "
            + "them.");
    }

    /// <summary>Lets a server that answers take what waits.</summary>
    private async Task LastMomentAsync()
    {
        if (SharingTotals.Of(shared).Connection != ConnectionState.Connected) return;
        using var patience = new CancellationTokenSource(LastMoment, time);
        await sessions.SettleAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task StartedAsync(OpencodeSync sync, CancellationToken cancellationToken)
    {
        string? state = await links.FindStateAsync(sync.Writer, cancellationToken).ConfigureAwait(false);
        var session = new SharedSession(sync, state);
        shared = shared.Add(session);
        string parent = sync.ParentId is null ? "" : $"  (subagent of {SafeText.Line(sync.ParentId, 60)})";
        output.Say($"{sync.SessionId}  {SafeText.Line(sync.Title, 60)}{parent}");
        output.Say($"  {session.LinkOrReason}", new Style(Color.Aqua));
        output.Emit(new { Event = "started", Agent = "opencode", Session = sync.SessionId, Parent = sync.ParentId,
            sync.Title, sync.Writer.ShareId, session.Link });
    }

    private async Task StartedAsync(SessionFollower follower, CancellationToken cancellationToken)
    {
        string? state = await links.FindStateAsync(follower.Writer, cancellationToken).ConfigureAwait(false);
        var session = new SharedSession(follower, state);
        shared = shared.Add(session);
        AgentSession its = follower.Session;
        output.Say($"{its.Id}  {SafeText.Line(its.Title, 60)}  ({its.Agent})");
        output.Say($"  {session.LinkOrReason}", new Style(Color.Aqua));
        output.Emit(new
        {
            Event = "started", its.Agent, Session = its.Id, its.Title, its.Directory,
            UpdatedMs = its.Updated.ToUnixTimeMilliseconds(), follower.Writer.ShareId, session.Link,
        });
    }

    private async Task WatchAsync(Task tail, Action show, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested && !tail.IsCompleted)
        {
            long began = time.GetTimestamp();
            if (IsOver()) break;
            show();
            TimeSpan rest = time.GetElapsedTime(began) * StatusLoad;
            rest = rest > StatusInterval ? rest : StatusInterval;
            await Task.WhenAny(tail, Task.Delay(rest, time, stop)).ConfigureAwait(false);
        }

        show();
    }

    private bool IsOver() => shared.Count > 0 && shared.All(session => session.Status.ClosedCode is not null);

    private Text StatusLine()
    {
        SharingTotals totals = SharingTotals.Of(shared);
        string trouble = sessions.LastError is { } error ? $" · {SafeText.Line(error, 120)}" : "";
        return new Text(totals + trouble,
            new Style(totals.Failed > 0 ? Color.Red : Color.Grey)) { Overflow = Overflow.Ellipsis };
    }

    /// <summary>Prints changes to output that is not a terminal.</summary>
    private void SayChanges()
    {
        SharingTotals totals = SharingTotals.Of(shared);
        string trouble = $"{totals.Failed} {totals.Connection == ConnectionState.Connecting}";
        string key = $"{trouble} {(totals.IsDrained ? totals.Acked : -1)}";
        bool isUrgent = !lastSaid.StartsWith(trouble, StringComparison.Ordinal);
        if (key == lastSaid || (!isUrgent && time.GetElapsedTime(lastSaidAt) < SayInterval)) return;
        lastSaid = key;
        lastSaidAt = time.GetTimestamp();
        output.Say(totals.ToString());
        output.Emit(new
        {
            Event = "status", totals.Sessions, totals.Pending, totals.InFlight, totals.Acked, totals.Failed,
            totals.Cursor,
            totals.Redacted,
            Connection = totals.Connection.ToString(),
        });
    }

    private void Report()
    {
        foreach (SharedSession session in shared)
        {
            SessionReport report = session.Report();
            output.Emit(report);
            output.Say(report.ToString(), report.Failed > 0 ? new Style(Color.Red) : (Style?)null);
            LeftOutLines.Say(output, report.LeftOut);
        }
    }
}
