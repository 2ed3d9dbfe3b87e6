using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Append;

/// <summary>
/// The batches of one redemption: an authority, fork or gap error ends it. Commit thread only, until they are answered.
/// </summary>
internal sealed class ReplayChain(OpBatch? first)
{
    public bool IsOver { get; private set; }

    public static bool Ends(ErrorCode code) =>
        ErrorCodes.IsAuthority(code)
            || code is ErrorCode.WriterForked or ErrorCode.SequenceGap or ErrorCode.WriterTaken;

    /// <summary>Reopens at the first batch, for a repeated transaction.</summary>
    public void Begin(OpBatch batch) => IsOver &= !ReferenceEquals(batch, first);

    public void Note(ErrorCode code) => IsOver |= Ends(code);
}
