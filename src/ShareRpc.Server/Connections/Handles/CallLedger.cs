using System.Collections.Concurrent;

namespace ShareRpc.Server.Connections.Handles;

/// <summary>
/// The calls of one connection, whichever way they came: how many are in flight, and which replies have not left yet. A
/// call is in flight until its reply is being sent, so a peer that does not read cannot pile up pages here. Any
/// thread.
/// </summary>
/// <param name="callsInFlight">How many may be; SPEC section "Limits".</param>
/// <param name="abort">Gives the connection up.</param>
internal sealed class CallLedger(int callsInFlight, Action abort)
{
    /// <summary>
    /// Replies waiting for the peer to read, small errors included, at which the connection is given up.
    /// </summary>
    private const int MaxUnsentReplies = 1_024;

    private readonly ConcurrentDictionary<object, byte> unsent = new(1, 1, ReferenceEqualityComparer.Instance);
    private readonly TaskCompletionSource idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int inFlight;
    private int unanswered;
    private int sending;
    private volatile bool draining;

    /// <summary>Takes a place for a call; false when there is none.</summary>
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
    /// Gives a call's place back, before the first byte of its reply: whoever has the answer to a call may make another
    /// one at once.
    /// </summary>
    public void FreePlace() => Interlocked.Decrement(ref inFlight);

    /// <summary>The call's reply has left, or never will.</summary>
    public void NoteAnswered()
    {
        if (Interlocked.Decrement(ref unanswered) == 0 && draining) idle.TrySetResult();
    }

    /// <summary>A reply waits to leave.</summary>
    public void BeginSend(object reply)
    {
        unsent.TryAdd(reply, 0);
        if (Interlocked.Increment(ref sending) > MaxUnsentReplies) abort();
    }

    public void EndSend(object reply)
    {
        Interlocked.Decrement(ref sending);
        unsent.TryRemove(reply, out _);
    }

    /// <summary>Ends when no call is in flight any more: every reply has left.</summary>
    public Task WhenIdleAsync()
    {
        draining = true;
        if (Volatile.Read(ref unanswered) == 0) idle.TrySetResult();
        return idle.Task;
    }

    /// <summary>
    /// After a revocation: gives the connection up if replies made before it have still not left when the time is over
    /// (I7).
    /// </summary>
    public async Task AbortUnlessDrainedAsync(TimeSpan within)
    {
        List<object> before = [.. unsent.Keys];
        if (before.Count == 0) return;
        await Task.Delay(within, TimeProvider.System).ConfigureAwait(false);
        if (before.Exists(unsent.ContainsKey)) abort();
    }
}
