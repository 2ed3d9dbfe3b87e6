using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Connections;

internal static class OutcomeSize
{
    private const int Envelope = 1024; // of a batch: its id, its cursor, or its error
    private const int Entry = 64; // of an op: names, quotes, its cursor

    public static long Of(BatchOutcome outcome) => Envelope + (outcome.Ack is not { } ack ? 0
        : ack.Applied.Sum(Of) + ack.Duplicates.Sum(Of) + ack.Rejected.Sum(Of));

    /// <summary>Returns about how many bytes a result takes, itself and as it is sent; 0 for a small one.</summary>
    public static long Of(object result) => result switch
    {
        OpPage page => page.Ops.Sum(op => Envelope + (2L * (op.Data?.Utf8.Length ?? 0))),
        StatePage page => page.Docs.Sum(document => Envelope + (2L * document.Data.Utf8.Length)),
        RedeemShareResult redeemed => Of((object?)redeemed.Page ?? "") + (2 * redeemed.Acks?.Sum(Of) ?? 0),
        CapabilityPage page => page.Capabilities.Count * 2L * Envelope,
        AuditPage page => page.Entries.Count * 2L * Envelope,
        ShareList list => list.Shares.Count * 2L * Envelope,
        _ => 0,
    };

    private static long Of(OpCursor op) => Entry + op.OpId.Length;

    private static long Of(Rejection op) => Entry + op.OpId.Length + op.Code.Length + op.Message.Length;
}
