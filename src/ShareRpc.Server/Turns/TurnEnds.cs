using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Turns;

/// <summary>Appends what the server itself says about a turn: that it is over.</summary>
internal static class TurnEnds
{
    /// <summary>
    /// Ends the streaming turns of a share that is about to end. It stops at what one transaction may hold: the share
    /// ends all the same.
    /// </summary>
    public static async ValueTask EndAllAsync(CommitScope scope, LogShare share, RefRow actor, ServerLimits limits)
    {
        long bytes = 0;
        foreach (string key in await scope.Transaction.ReadOpenTurnKeysAsync(share.Key, limits.TransactionOps))
        {
            StoredDoc? current = await CurrentDocument.FindAsync(scope.Transaction, share, Kinds.Turn, key);
            if (current?.Data is not { } data) continue;
            RawJson ended = TurnGuard.Abort(data, writerId: null);
            bytes += ended.Utf8.Length;
            if (bytes > limits.TransactionBytes) return;
            Append(scope, share, key, ended, (actor.Key, actor.CapId));
        }
    }

    /// <summary>Appends a put that ends a turn; it has no writer and no seq.</summary>
    public static void Append(
        CommitScope scope, LogShare share, string key, RawJson data, (long Key, string CapId) actor)
    {
        var op = new OpIntent { OpId = OpId.New(), Verb = Verbs.Put, Kind = Kinds.Turn, Key = key, Data = data };
        long cursor = share.Head + 1;
        scope.Transaction.Append(new AppendedBatch
        {
            ShareKey = share.Key, ActorKey = actor.Key, TimeMs = scope.NowMs,
            Applied = [new AppliedOp(op, OpDigest.Of(op), cursor, ContentClass.Plain, ContentClass.Plain)],
            Turns = [new TurnMark(key, cursor, IsStreaming: false)],
        });
        share.Advance(new LoggedOp
        {
            Cursor = cursor, OpId = op.OpId, Verb = op.Verb, Kind = op.Kind, Key = key, Data = data,
            Actor = actor.CapId, TimeMs = scope.NowMs, SchemaVersion = Subprotocols.SchemaVersion,
            ContentClass = (int)ContentClass.Plain, ClassBefore = (int)ContentClass.Plain,
        });
    }
}
