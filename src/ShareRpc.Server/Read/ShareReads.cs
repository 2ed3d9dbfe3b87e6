using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redaction;
using ShareRpc.Server.Diagnostics;
using ShareRpc.Server.Fold;
using ShareRpc.Server.Memory;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Read;

/// <summary>Reads from ring or store; checks the authority right before a page returns.</summary>
internal sealed class ShareReads(
    IShareStore store, Folder folder, ProtocolLimits limits, ServerLimits serverLimits, MemoryBudget memory,
    TimeProvider time, DrainSignal drain, ServerMetrics? metrics = null) : IDisposable
{
    /// <summary>An op that is larger is counted before it is read: in the store, its data, and as a reply.</summary>
    private const int SmallBytes = 64 * 1024;
    private const int Copies = 3;

    private readonly SemaphoreSlim turns = new(serverLimits.StoreReads);
    private readonly CancellationToken draining = drain.Token;

    /// <summary>Gets or sets how long shares are kept after their last append; null: for ever.</summary>
    public TimeSpan? KeepShares { get; set; }

    /// <summary>Gets or sets what every page names; null before any restore. Set before anything is served.</summary>
    public long? Generation { get; set; }

    /// <param name="authority">Whose it is.</param>
    /// <param name="feed">Of the share.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="room">What a large page counts against; null: it counts while it is read.</param>
    public async ValueTask<OpPage> ReadNowAsync(
        Authority authority, ShareFeed feed, ReadOpsRequest request, IPageRoom? room = null)
    {
        Check(request);
        int limit = Math.Min(request.Limit ?? limits.PageEntries, limits.PageEntries);
        int maxBytes = Math.Min(request.MaxBytes ?? limits.PageBytes, limits.PageBytes);
        long? gap = null;
        if (feed.TryRead(request.After, limit, maxBytes) is not { } ops)
        {
            (ops, gap) = await ReadStoredAsync(feed, request.After, limit, maxBytes, room);
        }

        ops = feed.Redacted.Show(authority.Profile, ops);
        authority.DemandPage();
        metrics?.Delivered(ops.Count);
        long last = ops.Count > 0 ? ops[^1].Cursor : 0;
        return new OpPage
        {
            Ops = ops, Cursor = Math.Max(last, request.After), Head = Math.Max(feed.Head, last), Gap = gap,
            Ended = feed.Ended ? true : null, Writing = await IsWritingAsync(feed) ? true : null,
            Generation = Generation,
        };
    }

    /// <summary>
    /// Returns the page that all subscribers with the same profile and wish get. It has not passed
    /// <see cref="Authority.DemandPage"/>: the caller looks when it is about to send.
    /// </summary>
    public ValueTask<SharedPage> ReadSharedAsync(
        ReadProfile profile, ShareFeed feed, PageWish wish, IPageRoom room) =>
        feed.Pages.Find(profile, wish, feed.Head) is { } known
            ? ValueTask.FromResult(known) : MakeSharedAsync(profile, feed, wish, room);

    /// <summary>Returns a page without ops, which tells the head and whether somebody writes.</summary>
    public async ValueTask<SharedPage> ReadEmptyAsync(ReadProfile profile, ShareFeed feed, PageWish wish) =>
        PageMessage.Encode(profile, wish, new OpPage
        {
            Ops = [], Cursor = wish.After, Head = Math.Max(feed.Head, wish.After),
            Writing = await IsWritingAsync(feed).ConfigureAwait(false) ? true : null, Generation = Generation,
        });

    private async ValueTask<SharedPage> MakeSharedAsync(
        ReadProfile profile, ShareFeed feed, PageWish wish, IPageRoom room)
    {
        bool isWriting = await IsWritingAsync(feed).ConfigureAwait(false);
        SharedPage? made = feed.Pages.FindOrMake(profile, wish, feed.Head, () =>
            feed.TryRead(wish.After, limits.PageEntries, wish.MaxBytes) is { } recent ? Page(recent, null) : null);
        if (made is not null) return made;
        (IReadOnlyList<LoggedOp> stored, long? gap) = await ReadStoredAsync(
            feed, wish.After, limits.PageEntries, wish.MaxBytes, room).ConfigureAwait(false);
        return PageMessage.Encode(profile, wish, Page(stored, gap));

        OpPage Page(IReadOnlyList<LoggedOp> ops, long? gap)
        {
            long last = ops.Count > 0 ? ops[^1].Cursor : wish.After;
            return new OpPage
            {
                Ops = Encoded(feed.Redacted.Show(profile, ops)), Cursor = last, Head = Math.Max(feed.Head, last),
                Gap = gap, Writing = isWriting ? true : null, Generation = Generation,
            };
        }
    }

    /// <summary>Returns when a share is removed if nothing but comments is appended to it; null: never.</summary>
    public async ValueTask<long?> KeptUntilAsync(ShareFeed feed, ShareRow? known = null)
    {
        if (KeepShares is not { } keep) return null;
        ShareRow share = known ?? await FindShareAsync(feed.ShareKey).ConfigureAwait(false);
        long last = feed.Head == 0 ? 0 : await AppendedMsAsync(feed).ConfigureAwait(false);
        return Math.Max(last > 0 ? last : share.CreatedMs, share.KeptMs) + (long)keep.TotalMilliseconds;
    }

    private async ValueTask<ShareRow> FindShareAsync(long shareKey)
    {
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        return (await snapshot.FindShareAsync(shareKey))!;
    }

    /// <summary>Counts ops of a shared page that a subscriber gets.</summary>
    public void NoteDelivered(long ops) => metrics?.Delivered(ops);

    private static LoggedOp[] Encoded(IReadOnlyList<LoggedOp> ops) =>
        [.. ops.Select(op => op.Encoded.IsEmpty ? OpEncoding.Encode(op) : op)];

    /// <summary>
    /// Returns whether a writer is connected, or ops came within the time after which its turns would end (over HTTP a
    /// writer has no connection).
    /// </summary>
    private async ValueTask<bool> IsWritingAsync(ShareFeed feed)
    {
        if (feed.Ended || (feed.Head == 0 && feed.Writers == 0)) return false;
        if (feed.Writers > 0) return true;
        long appendedMs = await AppendedMsAsync(feed).ConfigureAwait(false);
        return time.GetUtcNow().ToUnixTimeMilliseconds() - appendedMs < serverLimits.TurnLease.TotalMilliseconds;
    }

    private async ValueTask<long> AppendedMsAsync(ShareFeed feed)
    {
        if (feed.AppendedMs < 0)
        {
            await using IReadSnapshot snapshot = await store.BeginReadAsync();
            feed.NoteAppend(await snapshot.ReadAppendedMsAsync(feed.ShareKey));
        }

        return feed.AppendedMs;
    }

    /// <summary>Waits up to <c>wait_ms</c> for the first op; fails early when access is revoked.</summary>
    public async Task<OpPage> ReadAsync(Authority authority, ShareFeed feed, ReadOpsRequest request,
        CancellationToken cancellationToken)
    {
        authority.Demand(Rights.Read);
        Task changed = feed.Changed;
        OpPage page = await ReadNowAsync(authority, feed, request);
        int waitMs = authority.WaitAtMost(Math.Min(request.WaitMs ?? 0, limits.WaitMs));
        if (page.Ops.Count > 0 || page.Gap is not null || waitMs <= 0 || feed.Ended) return page;

        using var timeout = new CancellationTokenSource(TimeSpan.FromMilliseconds(waitMs), time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, authority.Denied, draining,
            cancellationToken);
        while (page.Ops.Count == 0 && page.Gap is null && !feed.Ended)
        {
            try
            {
                await changed.WaitAsync(ending.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (draining.IsCancellationRequested) throw new ShareRpcException(ErrorCode.Draining);
                return await ReadNowAsync(authority, feed, request); // timed out, or denied: then this throws
            }

            changed = feed.Changed;
            page = await ReadNowAsync(authority, feed, request);
        }

        return page;
    }

    /// <summary>
    /// Overlays the checkpoint with unfolded ops. Marks the share for folding: after a crash no commit may.
    /// </summary>
    public async ValueTask<StatePage> ReadStateAsync(Authority authority, GetStateRequest request)
    {
        bool isAfter = request.AfterKey is null or { Kind: not null, Key: not null };
        if (!isAfter || request.Kinds is { Count: > 64 } || request.Kinds?.All(OpRules.IsKind) == false
            || request.Limit < 1)
        {
            throw new ShareRpcException(ErrorCode.InvalidParams);
        }

        await turns.WaitAsync().ConfigureAwait(false);
        try
        {
            using MemoryAccount room = Reserve(limits.PageBytes * (long)Copies);
            await using IReadSnapshot snapshot = await store.BeginReadAsync();
            long shareKey = authority.Ref.ShareKey!.Value;
            var reader = new StateReader(snapshot, shareKey, limits, authority.Profile);
            StatePage page = await reader.ReadAsync(request) with { Generation = Generation };
            if (reader.HasTail) folder.Mark(shareKey, now: false);
            authority.DemandPage();
            return page;
        }
        finally
        {
            turns.Release();
        }
    }

    /// <summary>Takes memory for a read that has its turn.</summary>
    private MemoryAccount Reserve(long bytes)
    {
        MemoryAccount room = memory.Open(null);
        if (room.TryHold(bytes)) return room;
        room.Dispose();
        throw Overloaded;
    }

    private ShareRpcException Overloaded =>
        new(ErrorCode.Overloaded) { RetryAfter = serverLimits.OverloadedRetryAfter };

    public void Dispose() => turns.Dispose();

    public static void Check(ReadOpsRequest request)
    {
        if (request.After < 0 || request.Limit < 1 || request.MaxBytes < 1 || request.WaitMs < 0)
        {
            throw new ShareRpcException(ErrorCode.InvalidParams);
        }
    }

    /// <summary>Returns only the gap when data after the cursor was compacted.</summary>
    private async ValueTask<(IReadOnlyList<LoggedOp> Ops, long? Gap)> ReadStoredAsync(ShareFeed feed, long after,
        int limit, int maxBytes, IPageRoom? room)
    {
        await turns.WaitAsync().ConfigureAwait(false);
        try
        {
            await using IReadSnapshot snapshot = await store.BeginReadAsync();
            long compacted = (await snapshot.FindShareAsync(feed.ShareKey))!.Compacted;
            if (after < compacted) return ([], compacted);
            IReadOnlyList<TailOp> first = await snapshot.ReadTailAsync(feed.ShareKey, after, 1);
            long bytes = first.Count > 0 && first[0].Bytes > SmallBytes ? first[0].Bytes * (long)Copies : 0;
            using MemoryAccount? own = bytes > 0 && room is null ? Reserve(bytes) : null;
            if (bytes > 0 && room?.TryReserve(bytes) == false) throw Overloaded;
            return (await snapshot.ReadOpsAsync(feed.ShareKey, after, limit, maxBytes), null);
        }
        finally
        {
            turns.Release();
        }
    }
}
