using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Search;

/// <summary>
/// Lets so many searches run at once, one of each capability, and so many wait, a part of them of one capability; what
/// is more is <c>overloaded</c>. Any thread.
/// </summary>
internal sealed class SearchTurns(ServerLimits limits)
{
    /// <summary>The part of those that wait which may be of one capability.</summary>
    private const int OfOne = 4;

    private readonly Lock gate = new();
    private readonly HashSet<long> running = [];
    private readonly List<(long RefKey, TaskCompletionSource Turn)> waiting = [];

    /// <summary>Waits for a turn, which <see cref="Leave"/> ends.</summary>
    public async Task EnterAsync(long refKey, CancellationToken stop)
    {
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            waiting.Add((refKey, turn));
            LetIn();
            bool isTooMany = waiting.Count > limits.WaitingSearches
                || waiting.Count(one => one.RefKey == refKey) > Math.Max(1, limits.WaitingSearches / OfOne);
            if (isTooMany && waiting.Remove((refKey, turn)))
                throw new ShareRpcException(ErrorCode.Overloaded) { RetryAfter = limits.OverloadedRetryAfter };
        }

        try
        {
            await turn.Task.WaitAsync(stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            bool isWaiting;
            lock (gate) isWaiting = waiting.Remove((refKey, turn));
            if (!isWaiting) Leave(refKey); // it has got its turn meanwhile
            throw;
        }
    }

    public void Leave(long refKey)
    {
        lock (gate)
        {
            running.Remove(refKey);
            LetIn();
        }
    }

    private void LetIn()
    {
        for (int i = 0; i < waiting.Count && running.Count < limits.Searches;)
        {
            if (running.Add(waiting[i].RefKey))
            {
                waiting[i].Turn.SetResult();
                waiting.RemoveAt(i);
            }
            else
            {
                i++;
            }
        }
    }
}
