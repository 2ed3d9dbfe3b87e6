using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Connections;

/// <summary>
/// A new share handle's feed, head and writer state. Acquires the feed before reading the head, so that no commit is
/// missed.
/// </summary>
internal sealed class ShareOpening(Broadcaster broadcaster, string? writerId) : IAdmissionReader, IDisposable
{
    private ShareFeed? feed;

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
