using System.Globalization;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redeeming;

namespace ShareRpc.Server.Append;

/// <summary>
/// Bounds the comments that a ref sends in an hour, applied or not, and those of all below one child of the owner ref
/// together; of this process, since its start (SPEC [COMMENT-8]).
/// </summary>
internal sealed class CommentRate(ProtocolLimits limits, ServerLimits serverLimits, TimeProvider time)
{
    private const int Authors = 10;

    private readonly RateLimiter byRef = new(
        limits.CommentsPerHour, serverLimits.LimitedKeys, time, TimeSpan.FromHours(1));

    private readonly RateLimiter byLink = new(
        Authors * limits.CommentsPerHour, serverLimits.LimitedKeys, time, TimeSpan.FromHours(1));

    public void Take(Authority authority, int count)
    {
        if (count == 0) return;
        if (count > limits.CommentsPerHour) throw new ShareRpcException(ErrorCode.InvalidBatch);
        string author = authority.Ref.Key.ToString(CultureInfo.InvariantCulture);
        if (!byRef.TryTake(author, out TimeSpan wait, count)) throw RateLimiter.Refusal(wait);
        string link = authority.CountedRefs[^1].ToString(CultureInfo.InvariantCulture);
        if (byLink.TryTake(link, out wait, count)) return;
        byRef.GiveBack(author, count);
        throw RateLimiter.Refusal(wait);
    }
}
