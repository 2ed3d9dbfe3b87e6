using System.Collections.Concurrent;

namespace ShareRpc.Server.Connections.Handles;

/// <summary>
/// The calls of one connection, whichever way they came: how many are in flight, and which replies have not left yet. A
/// call is in flight until its reply is being sent, so a peer that does not read cannot pile up pages here. Any
/// thread.
/// </summary>
/// <param name="callsInFlight">How many may be; SPEC section "Limits".</param>
/// <param name="abort">Gives the connection up.</param>
/// <param name="maxUnsent">Unsent replies, errors included, at which the connection is aborted.</param>
internal sealed class CallLedger(int callsInFlight, Action abort, int maxUnsent = 1_024)
{
    private readonly ConcurrentDictionary<object, byte> unsent = new(1, 1, ReferenceEqualityComparer.Instance);
    private readonly TaskCompletionSource idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int inFlight;
    private int unanswered;
    private int sending;
    private volatile bool draining;

    public bool TryBegin()
    {
        if (Interlocked.Increment(ref inFlight) > callsInFlight)
        {
            Interlocked.Decrement(ref inFlight);
            return false;
        }

        Interlocked.Increment(ref unanswered);
        return true;
    }

    /// <summary>
    /// Frees the call's place before the first byte of its reply, since the caller may call again at once.
    /// </summary>
    public void FreePlace() => Interlocked.Decrement(ref inFlight);

    public void NoteAnswered()
    {
        if (Interlocked.Decrement(ref unanswered) == 0 && draining) idle.TrySetResult();
    }

    public void BeginSend(object reply)
    {
        unsent.TryAdd(reply, 0);
        if (Interlocked.Increment(ref sending) > maxUnsent) abort();
    }

    public void EndSend(object reply)
    {
        Interlocked.Decrement(ref sending);
        unsent.TryRemove(reply, out _);
    }

    /// <summary>Waits until every reply has left.</summary>
    public Task WhenIdleAsync()
    {
        draining = true;
        if (Volatile.Read(ref unanswered) == 0) idle.TrySetResult();
        return idle.Task;
    }

    /// <summary>Aborts the connection if replies from before a revocation have not left in time (I7).</summary>
    public async Task AbortUnlessDrainedAsync(TimeSpan within)
    {
        List<object> before = [.. unsent.Keys];
        if (before.Count == 0) return;
        await Task.Delay(within, TimeProvider.System).ConfigureAwait(false);
        if (before.Exists(unsent.ContainsKey)) abort();
    }
}
