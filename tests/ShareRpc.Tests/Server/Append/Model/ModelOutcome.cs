using ShareRpc.Protocol.Errors;

namespace ShareRpc.Tests.Server.Append.Model;

/// <summary>What became of an op.</summary>
/// <param name="OpId">Its id.</param>
/// <param name="Content">Everything that makes it the same op.</param>
/// <param name="Cursor">Where its effect stands.</param>
/// <param name="Code">Why it was rejected.</param>
/// <param name="IsNew">It was applied just now.</param>
/// <param name="IsKnown">Its id was settled before.</param>
internal sealed record ModelOutcome(
    string OpId, string Content, long Cursor = 0, ErrorCode? Code = null, bool IsNew = false, bool IsKnown = false)
{
    public ModelOutcome Refused(ErrorCode code) =>
        this with { Cursor = 0, Code = code, IsNew = false, IsKnown = false };

    public ModelOutcome Aborted() => Refused(ErrorCode.AtomicAborted);
}
