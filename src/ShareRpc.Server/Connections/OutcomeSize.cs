using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Connections;

internal static class OutcomeSize
{
    private const int Envelope = 1024; // of a batch: its id, its cursor, or its error
    private const int Entry = 64; // of an op: names, quotes, its cursor

    public static long Of(BatchOutcome outcome) => Envelope + (outcome.Ack is not { } ack ? 0
        : ack.Applied.Sum(Of) + ack.Duplicates.Sum(Of) + ack.Rejected.Sum(Of));

    private static long Of(OpCursor op) => Entry + op.OpId.Length;

    private static long Of(Rejection op) => Entry + op.OpId.Length + op.Code.Length + op.Message.Length;
}
