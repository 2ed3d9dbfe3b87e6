using ShareRpc.Client.Connection;
using ShareRpc.Protocol.Errors;

namespace ShareRpc.Client.Writing.Sending;

/// <summary>Not thread-safe.</summary>
internal sealed class LaneSet(RpcConnection connection, SenderContext context, ServerBounds bounds,
    CancellationToken lost)
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
            [.. work.Where(share => !running.ContainsKey(share)).OrderBy(share => turns.GetValueOrDefault(share))];
        foreach (long share in waiting.Take(context.Options.SharesAtOnce - running.Count))
        {
            var lane = new ShareLane(share, connection, creator, new LaneTokens(context), context, bounds);
            turns[share] = turns.GetValueOrDefault(share) + 1;
            running.Add(share, (lane, Task.Run(() => lane.RunAsync(lost), CancellationToken.None)));
        }

        if (work.Count <= context.Options.SharesAtOnce) return;
        foreach ((ShareLane lane, _) in running.Values) lane.MakeRoom();
    }

    public async Task ReapAsync()
    {
        foreach ((long share,
            (ShareLane lane, Task task)) in running.Where(entry => entry.Value.Running.IsCompleted).ToList())
        {
            running.Remove(share);
            hasSent |= lane.HasSent;
            if (lane.NeedsConnection) ended.Add(lane);
            await task.ConfigureAwait(false);
            if (lane.NeedsConnection) throw new DisconnectedException(null);
        }
    }

    /// <summary>Splits a batch whose frame was refused.</summary>
    public async Task EndAsync()
    {
        foreach ((ShareLane lane, Task task) in running.Values)
        {
            await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
}
