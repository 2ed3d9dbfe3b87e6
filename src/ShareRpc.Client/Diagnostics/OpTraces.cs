using System.Collections.Concurrent;
using System.Diagnostics;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Client.Diagnostics;

/// <summary>
/// Spans from enqueue to acknowledgement. Which span queued an op is kept in memory, for a bounded number of ops: one
/// that another process sends begins a new trace. Without a listener nothing is kept. Thread-safe.
/// </summary>
internal sealed class OpTraces
{
    public const string SourceName = "ShareRpc";

    private const string OpsTag = "sharerpc.ops";
    private const int MostOps = 10_000;
    private const int MostLinks = 32;
    private static readonly ActivitySource Source = new(SourceName);
    private readonly ConcurrentDictionary<string, ActivityContext> queued = new(StringComparer.Ordinal);

    /// <summary>Stores ops in a span, below the caller's.</summary>
    public Task EnqueueAsync(IReadOnlyList<OpIntent> ops, Func<Task> store) =>
        Source.HasListeners() ? EnqueueTracedAsync(ops, store) : store();

    /// <summary>Sends batches in a span below that of their first op.</summary>
    public Task<T> SendAsync<T>(IReadOnlyList<OpBatch> batches, Func<Task<T>> send) =>
        Source.HasListeners() && batches.Count > 0 ? SendTracedAsync(batches, send) : send();

    private async Task EnqueueTracedAsync(IReadOnlyList<OpIntent> ops, Func<Task> store)
    {
        using Activity? span = Source.StartActivity("enqueue", ActivityKind.Producer)?.SetTag(OpsTag, ops.Count);
        if (span is not null)
        {
            // Before they can be sent.
            foreach (OpIntent op in ops.Take(MostOps - queued.Count)) queued[op.OpId] = span.Context;
        }

        await store().ConfigureAwait(false);
    }

    private async Task<T> SendTracedAsync<T>(IReadOnlyList<OpBatch> batches, Func<Task<T>> send)
    {
        using Activity? span = BeginSend(batches);
        try
        {
            T answer = await send().ConfigureAwait(false);
            foreach (OpIntent op in batches.SelectMany(batch => batch.Ops)) queued.TryRemove(op.OpId, out _);
            return answer;
        }
        catch
        {
            span?.SetStatus(ActivityStatusCode.Error);
            throw;
        }
    }

    private Activity? BeginSend(IReadOnlyList<OpBatch> batches)
    {
        ActivityContext[] from = [.. batches.SelectMany(batch => batch.Ops)
            .Select(op => queued.GetValueOrDefault(op.OpId)).Where(context => context != default).Distinct()];
        Activity? span = Source.StartActivity(
            "send", ActivityKind.Client, from.FirstOrDefault(), tags: null,
            from.Skip(1).Take(MostLinks).Select(context => new ActivityLink(context)));
        return span?.SetTag(OpsTag, batches.Sum(batch => batch.Ops.Count));
    }
}
