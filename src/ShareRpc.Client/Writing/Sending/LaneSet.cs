using ShareRpc.Client.Connection;
using ShareRpc.Protocol.Errors;

namespace ShareRpc.Client.Writing.Sending;

/// <summary>Not thread-safe.</summary>
internal sealed class LaneSet(RpcConnection connection, SenderContext context, ServerBounds bounds,
    LaneFailures failures, CancellationToken lost)
{
    private readonly Dictionary<long, (ShareLane Lane, Task Running)> running = [];
    private readonly List<ShareLane> ended = [];
    private readonly Dictionary<long, int> turns = [];
    private readonly CreatorSession creator = new(connection, context);
    private bool hasSent;

    public bool IsEmpty => running.Count == 0;

    public bool HasSent => hasSent || running.Values.Any(entry => entry.Lane.HasSent);

    /// <summary>Fewest turns first.</summary>
    public void Start(IReadOnlyList<long> work)
    {
        List<long> waiting =
        [
            .. work.Where(share => !running.ContainsKey(share) && !failures.IsWaiting(share))
                .OrderBy(share => turns.GetValueOrDefault(share)),
        ];
        foreach (long share in waiting.Take(context.Options.SharesAtOnce - running.Count))
        {
            var lane = new ShareLane(share, connection, creator, new LaneTokens(context), context, bounds);
            turns[share] = turns.GetValueOrDefault(share) + 1;
            running.Add(share, (lane, Task.Run(() => lane.RunAsync(lost), CancellationToken.None)));
        }

        if (work.Count <= context.Options.SharesAtOnce) return;
        foreach ((ShareLane lane, _) in running.Values) lane.MakeRoom();
    }

    /// <summary>Takes away lanes that ended. One that failed unexpectedly concerns its own share alone.</summary>
    public void Reap()
    {
        foreach ((long share, (ShareLane lane, Task task)) in running.ToList())
        {
            if (lane.HasSent && !task.IsFaulted && failures.Clear(share)) context.Outbox.Signal();
            if (!task.IsCompleted) continue;
            running.Remove(share);
            hasSent |= lane.HasSent;
            if (lane.NeedsConnection) ended.Add(lane);
            Note(share, task);
            if (lane.NeedsConnection) throw new DisconnectedException(null);
        }
    }

    /// <summary>Splits a batch whose frame was refused.</summary>
    public async Task EndAsync()
    {
        foreach ((long share, (ShareLane lane, Task task)) in running)
        {
            await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Note(share, task);
            hasSent |= lane.HasSent;
            ended.Add(lane);
        }

        running.Clear();
        if (!connection.WasFrameRefused) return;
        if (bounds.FindRefused([.. ended.SelectMany(lane => lane.FramesInFlight)]) is not { } refused) return;
        ErrorCode code = ErrorCode.TooLarge;
        context.Outbox.Queue.SplitOrPark(refused.ShareKey, refused.Batches[0], ErrorCodes.NameOf(code),
            ErrorCodes.HintOf(code));
    }

    private void Note(long share, Task task)
    {
        if (task.IsCompletedSuccessfully) return;
        Exception failure = task.Exception?.InnerException ?? new OperationCanceledException();
        TimeSpan wait = failures.Add(share, failure);
        context.Log.LaneFailed(failure, context.Outbox.GetShare(share).ShareId, (long)wait.TotalMilliseconds);
        context.Outbox.Signal();
    }
}
