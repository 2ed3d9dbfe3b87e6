using ShareRpc.Client.Connection;
using ShareRpc.Protocol.Errors;

namespace ShareRpc.Client.Writing.Sending;

/// <summary>
/// The lanes of one connection: at most <see cref="ShareClientOptions.SharesAtOnce"/>, taken in turns when more shares
/// have work. One flow uses it.
/// </summary>
internal sealed class LaneSet(RpcConnection connection, SenderContext context, ServerBounds bounds, CancellationToken lost)
{
    private readonly Dictionary<long, (ShareLane Lane, Task Running)> running = [];
    private readonly List<ShareLane> ended = [];
    private readonly Dictionary<long, int> turns = [];
    private readonly CreatorSession creator = new(connection, context);
    private bool hasSent;

    public bool IsEmpty => running.Count == 0;

    /// <summary>True once one of the lanes, ended or not, was acknowledged something.</summary>
    public bool HasSent => hasSent || running.Values.Any(entry => entry.Lane.HasSent);

    /// <summary>
    /// Starts lanes for shares with work, those that had the fewest turns first; when there is no room, the others are
    /// asked to make some.
    /// </summary>
    public void Start(IReadOnlyList<long> work)
    {
        List<long> waiting = [.. work.Where(share => !running.ContainsKey(share)).OrderBy(share => turns.GetValueOrDefault(share))];
        foreach (long share in waiting.Take(context.Options.SharesAtOnce - running.Count))
        {
            var lane = new ShareLane(share, connection, creator, new LaneTokens(context), context, bounds);
            turns[share] = turns.GetValueOrDefault(share) + 1;
            running.Add(share, (lane, Task.Run(() => lane.RunAsync(lost), CancellationToken.None)));
        }

        if (work.Count <= context.Options.SharesAtOnce) return;
        foreach ((ShareLane lane, _) in running.Values) lane.MakeRoom();
    }

    /// <summary>
    /// Takes out the lanes that have ended, and throws what they failed of; <see cref="DisconnectedException"/> when
    /// one found the connection of no use.
    /// </summary>
    public async Task ReapAsync()
    {
        foreach ((long share, (ShareLane lane, Task task)) in running.Where(entry => entry.Value.Running.IsCompleted).ToList())
        {
            running.Remove(share);
            hasSent |= lane.HasSent;
            if (lane.NeedsConnection) ended.Add(lane);
            await task.ConfigureAwait(false);
            if (lane.NeedsConnection) throw new DisconnectedException(null);
        }
    }

    /// <summary>
    /// Waits for all lanes, which end by the token. If it was a frame that ended the connection, a batch to blame is
    /// split.
    /// </summary>
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
