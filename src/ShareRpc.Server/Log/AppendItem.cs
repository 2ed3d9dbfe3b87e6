using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Capabilities;

namespace ShareRpc.Server.Log;

/// <summary>A batch on its way into the log.</summary>
internal sealed class AppendItem(Authority authority, string? writerId, OpBatch batch, ProtocolLimits limits, int maxTail)
    : CommitWork<Ack>(scope => new ApplyRules(
        scope, scope.Shares.Get(scope.Transaction, authority.Ref.ShareKey!.Value), authority, writerId, limits, maxTail).Apply(batch))
{
    public override int Ops { get; } = Math.Max(1, batch.Ops.Count);

    public override int Bytes { get; } = 256 + batch.Ops.Sum(op => 256 + (op?.Data?.Utf8.Length ?? 0));
}
