using System.Diagnostics;

namespace ShareRpc.Server.Diagnostics;

/// <summary>
/// Spans of calls that bring a <c>traceparent</c> (SPEC [RPC-15]); a call without one has none. They hold names and
/// counts only. The caller's current activity is left as it was.
/// </summary>
internal static class ServerTracing
{
    private static readonly ActivitySource Source = new(ServerMetrics.Name);

    /// <summary>Returns the span of a call, or null; end it by <see cref="End"/>.</summary>
    public static Activity? BeginCall(string method, string? traceParent)
    {
        if (traceParent is null || !Source.HasListeners()
            || !ActivityContext.TryParse(traceParent, null, isRemote: true, out ActivityContext parent)) return null;
        return Begin(method, ActivityKind.Server, parent);
    }

    /// <summary>Returns the span from a batch's arrival to its commit, below the current call, or null.</summary>
    public static Activity? BeginCommit() => Activity.Current is { } call && call.Source == Source
        ? Begin("commit", ActivityKind.Internal, call.Context) : null;

    /// <summary>Returns the span in which readers of the share are woken, or null.</summary>
    public static Activity? BeginPublish(ActivityContext commit) =>
        commit == default ? null : Begin("publish", ActivityKind.Producer, commit);

    public static void End(Activity? activity)
    {
        if (activity is null) return;
        Activity? outer = Activity.Current;
        activity.Dispose();
        Activity.Current = outer == activity ? null : outer;
    }

    private static Activity? Begin(string name, ActivityKind kind, ActivityContext parent)
    {
        Activity? outer = Activity.Current;
        Activity? activity = Source.StartActivity(name, kind, parent);
        Activity.Current = outer;
        return activity;
    }
}
