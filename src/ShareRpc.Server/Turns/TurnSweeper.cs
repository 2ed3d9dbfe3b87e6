using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Turns;

/// <summary>
/// Provisionally ends turns of writers without handle (on any node) or batch for a lease. Measured in memory by elapsed
/// time: leases restart with the server; clock changes have no effect.
/// </summary>
internal sealed class TurnSweeper(
    IShareStore store, CommitQueue queue, LiveWriters writers, ServerLimits limits, TimeProvider time,
    ILogger<TurnSweeper> log)
    : IServerLoop
{
    private const int TurnsAtOnce = 1_000;
    private readonly Dictionary<(long ShareKey, string Key), Silence> silent = [];

    public string Name => "turn sweep";

    public async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(limits.TurnSweepInterval, time);
        while (await timer.WaitForNextTickAsync(stopping).ConfigureAwait(false))
        {
            try
            {
                await SweepAsync().ConfigureAwait(false);
                succeeded();
            }
            catch (Exception exception) when (exception is StorageException or ShareRpcException { IsTransient: true })
            {
                log.SweepFailed(exception); // busy, or out of disk: the next round tries again
            }
        }
    }

    public async Task SweepAsync()
    {
        var seen = new HashSet<(long, string)>();
        (long share, string key) = (0, "");
        while (await ReadAsync(share, key) is { Count: > 0 } turns)
        {
            foreach (OpenTurnRow turn in turns)
            {
                (share, key) = (turn.ShareKey, turn.Key);
                seen.Add((share, key));
                if (IsOver(turn)) await EndAsync(turn).ConfigureAwait(false);
            }
        }

        foreach ((long, string) gone in silent.Keys.Where(turn => !seen.Contains(turn)).ToList()) silent.Remove(gone);
    }

    private async ValueTask<IReadOnlyList<OpenTurnRow>> ReadAsync(long afterShare, string afterKey)
    {
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        return await snapshot.ReadOpenTurnsAsync(afterShare, afterKey, TurnsAtOnce);
    }

    private bool IsOver(OpenTurnRow turn)
    {
        (long, string) id = (turn.ShareKey, turn.Key);
        // Its time comes when others are over.
        if (silent.Count >= limits.TrackedTurns && !silent.ContainsKey(id)) return false;
        bool isHeard = writers.IsLive(turn.ShareKey, turn.WriterId)
            || !silent.TryGetValue(id, out Silence before) || before.Turn != turn;
        if (isHeard)
        {
            silent[id] = new Silence(turn, time.GetTimestamp());
            return false;
        }

        return time.GetElapsedTime(silent[id].Since) >= limits.TurnLease;
    }

    private async Task EndAsync(OpenTurnRow turn)
    {
        var work = new CommitWork<bool>(scope => EndAsync(scope, turn)) { ShareKey = turn.ShareKey };
        queue.Enqueue(work);
        if (await work.Completion.ConfigureAwait(false)) log.TurnEnded();
    }

    /// <summary>Checks again in the transaction: writer or share may have changed.</summary>
    private async ValueTask<bool> EndAsync(CommitScope scope, OpenTurnRow turn)
    {
        IWriteTransaction transaction = scope.Transaction;
        LogShare share = await scope.Shares.GetAsync(transaction, turn.ShareKey);
        if (share.State != ShareState.Active)
        {
            // Nothing can be appended to it any more.
            transaction.SetOpenTurn(turn.ShareKey, turn.Key, turn.Cursor, writerKey: null);
            return false;
        }

        if (writers.IsLive(turn.ShareKey, turn.WriterId)) return false;
        if (await transaction.FindWriterAsync(turn.ShareKey, turn.WriterId) is not { } writer
            || writer.AckedSeq != turn.AckedSeq) return false;
        StoredDoc? current = await CurrentDocument.FindAsync(transaction, share, Kinds.Turn, turn.Key);
        if (current?.Data is not { } data || current.Cursor != turn.Cursor) return false;

        LoggedOp last = (await transaction.ReadOpsAsync(turn.ShareKey, turn.Cursor - 1, 1, int.MaxValue))[0];
        RawJson ended = TurnGuard.Abort(data, turn.WriterId);
        long actor = (await transaction.FindRefAsync(last.Actor))!.Key;
        TurnEnds.Append(scope, share, turn.Key, ended, (actor, last.Actor));
        return true;
    }

    private readonly record struct Silence(OpenTurnRow Turn, long Since);
}
