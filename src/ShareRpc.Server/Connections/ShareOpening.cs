using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Connections;

/// <summary>
/// What a new share handle starts from: the feed of its share, brought up to the head, and where its writer stands. The
/// feed is acquired before the head is read, so that no commit falls between the two.
/// </summary>
internal sealed class ShareOpening(Broadcaster broadcaster, string? writerId) : IAdmissionReader, IDisposable
{
    private ShareFeed? feed;

    /// <summary>Where the server has the writer; null without one.</summary>
    public WriterState? Writer { get; private set; }

    public void Begin(ShareRow share) => feed ??= broadcaster.Acquire(share.Key);

    public async ValueTask ReadAsync(IReadSnapshot snapshot, Authority authority)
    {
        long shareKey = feed!.ShareKey;
        feed.Advance(await snapshot.ReadHeadAsync(shareKey));
        if ((await snapshot.FindShareAsync(shareKey))!.State == ShareState.Ended) feed.End();
        if (writerId is null) return;
        WriterRow? writer = await snapshot.FindWriterAsync(shareKey, writerId);
        bool isTaken = writer is not null && writer.RefKey != authority.Ref.WriterRefKey;
        if (isTaken) throw new ShareRpcException(ErrorCode.WriterTaken);
        Writer = new WriterState { AckedSeq = writer?.AckedSeq ?? 0 };
    }

    /// <summary>Returns the feed, which is the caller's to release from now on.</summary>
    public ShareFeed TakeFeed()
    {
        ShareFeed taken = feed!;
        feed = null;
        return taken;
    }

    public void Dispose()
    {
        if (feed is not null) broadcaster.Release(feed);
    }
}
