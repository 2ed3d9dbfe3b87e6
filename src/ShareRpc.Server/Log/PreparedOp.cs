using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Redaction;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Log;

/// <summary>
/// An op with what can be said of it without looking at anything else: found out where the call arrived, so that the one thread that
/// commits need not.
/// </summary>
/// <param name="Op">The op.</param>
/// <param name="Digest">Its digest.</param>
/// <param name="Malformed">Why it is rejected whatever the share holds; null for a well-formed op.</param>
/// <param name="Class">What its document is about after it; null when the document itself must be asked.</param>
internal sealed record PreparedOp(OpIntent Op, byte[] Digest, ErrorCode? Malformed, ContentClass? Class)
{
    public static PreparedOp Prepare(OpIntent op, ProtocolLimits limits)
    {
        ErrorCode? malformed = OpRules.Check(op, limits);
        return new PreparedOp(op, OpDigest.Of(op), malformed, malformed is null ? ContentClasses.OfOpItself(op) : null);
    }
}
