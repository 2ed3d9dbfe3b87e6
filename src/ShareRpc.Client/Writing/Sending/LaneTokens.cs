using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Client.Writing.Sending;

internal sealed class LaneTokens(SenderContext context)
{
    private readonly long startedAt = context.Time.GetTimestamp();
    private readonly LiveTokens live = new(context.Credentials);
    private string usedToken = "";

    /// <summary>Throws <see cref="ErrorCode.InvalidToken"/> if none.</summary>
    public ShareToken Take(OutboxShare share)
    {
        ShareToken token = live.Find(share.AppendCapId) ?? throw new ShareRpcException(ErrorCode.InvalidToken);
        usedToken = token.Digest;
        return token;
    }

    /// <summary>Ops wait for the passphrase; a wrong one is dropped.</summary>
    public bool IsLocked(OutboxShare share, ErrorCode code)
    {
        if (code != ErrorCode.PassphraseRequired || share.ViewerCapId is not null) return false;
        if (context.Credentials.FindToken(share.AppendCapId) is { } token)
        {
            context.LinkOf(new ShareLink(context.Options.Server, share.ShareId, token)).Passphrase = null;
        }

        return true;
    }

    /// <summary>The creator may be offline.</summary>
    public bool IsNotThereYet(OutboxShare share, ErrorCode code) =>
        code == ErrorCode.InvalidToken && share.ViewerCapId is null && share.Cursor == 0
        && context.Time.GetElapsedTime(startedAt) < context.Options.InvalidTokenPatience;

    /// <summary>A rotation's answer may have been lost.</summary>
    public bool IsRotated(OutboxShare share, ErrorCode code) =>
        code == ErrorCode.CapabilityRevoked && usedToken.Length > 0 && live.IsRotated(share.AppendCapId, usedToken);
}
