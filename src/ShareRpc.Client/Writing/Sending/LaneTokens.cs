using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Client.Writing.Sending;

/// <summary>
/// The tokens of one share's append ref that a lane tries, and what a refusal says about them.
/// </summary>
internal sealed class LaneTokens(SenderContext context)
{
    private readonly long startedAt = context.Time.GetTimestamp();
    private readonly HashSet<string> deadTokens = new(StringComparer.Ordinal);
    private string usedToken = "";

    /// <summary>Returns the token to redeem. Errors: <see cref="ErrorCode.InvalidToken"/> when there is none.</summary>
    public ShareToken Take(OutboxShare share)
    {
        ShareToken token = FindLiveToken(share.AppendCapId) ?? context.Credentials.FindToken(share.AppendCapId)
            ?? throw new ShareRpcException(ErrorCode.InvalidToken);
        usedToken = token.Digest;
        return token;
    }

    /// <summary>
    /// A joined share's grant has ended and its link asks for the passphrase: the queue is kept until somebody gives it
    /// (<see cref="ShareClient.JoinShareAsync(string, ShareLink, string?, CancellationToken)"/>). A wrong one is not
    /// tried again.
    /// </summary>
    public bool IsLocked(OutboxShare share, ErrorCode code)
    {
        if (code != ErrorCode.PassphraseRequired || share.ViewerCapId is not null) return false;
        if (context.Credentials.FindToken(share.AppendCapId) is { } token)
        {
            context.LinkOf(new ShareLink(context.Options.Server, share.ShareId, token)).Passphrase = null;
        }

        return true;
    }

    /// <summary>A share that was joined by a link may not have been created yet: its creator was offline.</summary>
    public bool IsNotThereYet(OutboxShare share, ErrorCode code) =>
        code == ErrorCode.InvalidToken && share.ViewerCapId is null && share.Cursor == 0
        && context.Time.GetElapsedTime(startedAt) < context.Options.InvalidTokenPatience;

    /// <summary>
    /// The token that was used is dead, and this machine has another one for the same ref: it was rotated here, perhaps
    /// without the answer.
    /// </summary>
    public bool IsRotated(OutboxShare share, ErrorCode code)
    {
        if (code != ErrorCode.CapabilityRevoked || usedToken.Length == 0) return false;
        deadTokens.Add(usedToken);
        return FindLiveToken(share.AppendCapId) is not null;
    }

    private ShareToken? FindLiveToken(string capId)
    {
        ShareToken?[] known = [context.Credentials.FindToken(capId), context.Credentials.FindNextToken(capId)];
        return known.FirstOrDefault(token => token is not null && !deadTokens.Contains(token.Digest));
    }
}
