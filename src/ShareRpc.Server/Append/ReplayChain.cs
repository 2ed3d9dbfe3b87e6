using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Append;

/// <summary>
/// The batches of one redemption: after an authority, fork or gap error the rest is not tried. Touched by the commit thread alone until the
/// batches are answered.
/// </summary>
internal sealed class ReplayChain(OpBatch? first)
{
    /// <summary>Set by the error that ended the chain.</summary>
    public bool IsOver { get; private set; }

    public static bool Ends(ErrorCode code) =>
        ErrorCodes.IsAuthority(code) || code is ErrorCode.WriterForked or ErrorCode.SequenceGap or ErrorCode.WriterTaken;

    /// <summary>A transaction that failed unexpectedly is done again item by item: with its first batch the chain begins anew.</summary>
    public void Begin(OpBatch batch) => IsOver &= !ReferenceEquals(batch, first);

    public void Note(ErrorCode code) => IsOver |= Ends(code);
}
