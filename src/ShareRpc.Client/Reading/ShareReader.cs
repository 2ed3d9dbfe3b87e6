using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using ShareRpc.Client.Connection;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Client.Reading;

/// <summary>
/// Reads a share. Reconnects without limit; a non-transient <see cref="ShareRpcException"/> is final. Not thread-safe.
/// </summary>
public sealed class ShareReader : IAsyncDisposable
{
    private readonly ShareLink link;
    private readonly ShareReaderOptions options;
    private readonly TransportFactory transport;
    private readonly TimeProvider time;
    private readonly Backoff backoff;
    private readonly LinkRedeemer redeemer;
    private readonly ILogger log;
    private readonly long openedAt;
    private RpcConnection? connection;
    private IShareHandle? handle;
    private PageStream? pages;
    private int subscriptions;
    private int? credit;
    private ReaderState? state;
    private long? generation;

    /// <summary>Creates a reader that connects at first use.</summary>
    public ShareReader(ShareLink link, ShareReaderOptions? options = null, TimeProvider? time = null)
    {
        this.link = link;
        this.options = options ?? ShareReaderOptions.Default;
        this.time = time ?? TimeProvider.System;
        transport = this.options.Transport
            ?? new WebSocketTransport(this.options.KeepAliveInterval, this.options.KeepAliveTimeout).ConnectAsync;
        redeemer = new LinkRedeemer(link, this.options.Credentials) { Passphrase = this.options.Passphrase };
        backoff = new Backoff(this.options.FirstRetry, this.options.MaxRetry);
        log = this.options.Logging.CreateLogger<ShareReader>();
        openedAt = this.time.GetTimestamp();
        generation = this.options.Generation;
    }

    /// <summary>Gets the last refusal, being retried, or null.</summary>
    public ShareRpcException? LastRefusal { get; private set; }

    /// <summary>
    /// Gets the share's generation (SPEC [READ-9]), 0 before any restore of the server; keep it with the cursor. Null
    /// until something was read.
    /// </summary>
    public long? Generation => generation;

    /// <summary>Gets whether the server pushes pages to this reader now.</summary>
    internal bool IsPushed => pages is not null;

    /// <summary>
    /// Returns ops after a cursor in order without gaps until the share ends. Throws <see cref="ShareGapException"/>
    /// for compacted ops, and when the server was restored from a backup; <see cref="NotSupportedException"/> for a
    /// verb that this version does not know.
    /// </summary>
    public async IAsyncEnumerable<LoggedOp> FollowAsync(long after,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        long cursor = after;
        long? known = generation;
        while (true)
        {
            long from = cursor;
            OpPage page = WithGap(known, await RetryAsync(from, () => FollowOnceAsync(from, cancellationToken),
                cancellationToken).ConfigureAwait(false));
            known ??= page.Generation ?? 0;
            if (page.Gap is { } gap) throw new ShareGapException(gap);
            SetState(page.Cursor < page.Head ? ReaderState.CatchingUp : ReaderState.Live);
            foreach (LoggedOp op in page.Ops)
            {
                if (op.Cursor != cursor + 1)
                {
                    throw new InvalidOperationException($"The server skipped from cursor {cursor} to {op.Cursor}.");
                }

                if (op.Verb.Length > 0 && !Verbs.IsKnown(op.Verb))
                {
                    throw new NotSupportedException(
                        $"This version does not know the verb of the op at cursor {op.Cursor}. Use a newer one.");
                }

                cursor = op.Cursor;
                yield return op;
            }

            if (page.Ended != true || cursor < page.Head) continue;
            SetState(ReaderState.Ended);
            yield break;
        }
    }

    /// <summary>Returns one page without waiting.</summary>
    public async Task<OpPage> ReadOpsAsync(long after, CancellationToken cancellationToken = default) =>
        WithGap(generation, await RetryAsync(
            after,
            () => CallAsync((share, cancel) => share.ReadOpsAsync(new ReadOpsRequest { After = after }, cancel),
                cancellationToken),
            cancellationToken).ConfigureAwait(false));

    /// <summary>Returns the whole state.</summary>
    public Task<ShareSnapshot> ReadStateAsync(CancellationToken cancellationToken = default) =>
        ReadStateAsync(kinds: null, cancellationToken);

    /// <summary>Returns the documents of these kinds; null for all.</summary>
    public async Task<ShareSnapshot> ReadStateAsync(IReadOnlyList<string>? kinds,
        CancellationToken cancellationToken = default)
    {
        var documents = new List<Document>();
        DocKey? next = null;
        long? cursor = null;
        long known = 0;
        while (true)
        {
            DocKey? afterKey = next;
            StatePage page = await RetryAsync(
                cursor ?? 0,
                () => CallAsync(
                    (share, cancel) =>
                        share.GetStateAsync(new GetStateRequest { Kinds = kinds, AfterKey = afterKey }, cancel),
                    cancellationToken),
                cancellationToken).ConfigureAwait(false);
            if (cursor is not null && known != (page.Generation ?? 0))
            {
                documents.Clear();
                (next, cursor) = (null, null);
                continue;
            }

            cursor ??= page.Cursor;
            known = page.Generation ?? 0;
            documents.AddRange(page.Docs);
            next = page.NextKey;
            if (next is not null) continue;
            generation = known; // not before: until then all cursors are of the other log
            return new ShareSnapshot(documents, cursor.Value);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await DropAsync().ConfigureAwait(false);

    /// <summary>
    /// Redemption returns the first page: one round trip. Then pages are pushed, or read by calls that wait from a
    /// server that does not push.
    /// </summary>
    private async Task<OpPage> FollowOnceAsync(long after, CancellationToken cancellationToken)
    {
        if (handle is null)
        {
            OpPage? first =
                await ConnectAsync(new ReadOpsRequest { After = after }, cancellationToken).ConfigureAwait(false);
            if (first is not null) return first;
        }

        if (credit is { } limit)
        {
            if (pages?.Cursor != after)
            {
                pages?.Dispose();
                pages = new PageStream(connection!, handle!, after, subscriptions++, limit);
            }

            return await pages!.NextAsync(cancellationToken).ConfigureAwait(false);
        }

        var request = new ReadOpsRequest { After = after, WaitMs = (int)options.Wait.TotalMilliseconds };
        return await CallAsync((share, cancel) => share.ReadOpsAsync(request, cancel),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Makes a gap of a page whose log is another than that of the cursor.</summary>
    private OpPage WithGap(long? known, OpPage page)
    {
        long found = page.Generation ?? 0;
        generation ??= found;
        return (known ?? found) == found ? page : page with { Ops = [], Cursor = page.Head, Gap = page.Head };
    }

    private async Task<T> CallAsync<T>(Func<IShareHandle, CancellationToken, Task<T>> call,
        CancellationToken cancellationToken)
    {
        if (handle is null) await ConnectAsync(null, cancellationToken).ConfigureAwait(false);
        IShareHandle share = handle!;
        return await RpcConnection.CallAsync(() => call(share, cancellationToken)).ConfigureAwait(false);
    }

    private async Task<T> RetryAsync<T>(long cursor, Func<Task<T>> attempt, CancellationToken cancellationToken)
    {
        while (true)
        {
            TimeSpan wait;
            try
            {
                T result = await attempt().ConfigureAwait(false);
                backoff.Reset();
                LastRefusal = null;
                return result;
            }
            catch (DisconnectedException)
            {
                LastRefusal = null;
                wait = backoff.Next();
            }
            catch (ShareRpcException error) when (
                error.IsTransient || IsNotThereYet(error.Code) || LinkRedeemer.IsGrantsEnd(error))
            {
                LastRefusal = LinkRedeemer.IsGrantsEnd(error) ? null : error;
                wait = backoff.Next(error.RetryAfter);
            }

            SetState(ReaderState.Reconnecting);
            log.ReaderReconnects(cursor, (long)wait.TotalMilliseconds);
            await DropAsync().ConfigureAwait(false);
            await Task.Delay(wait, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<OpPage?> ConnectAsync(ReadOpsRequest? read, CancellationToken cancellationToken)
    {
        if (state is null) SetState(ReaderState.Connecting);
        connection = await RpcConnection.OpenAsync(transport, link.Server, cancellationToken).ConfigureAwait(false);
        IShareGateway gateway = connection.Gateway;
        RedeemShareResult result = await redeemer.RedeemAsync(
            new RedeemShareRequest { Token = link.Token.Reveal(), Read = read },
            request => RpcConnection.CallAsync(() => gateway.RedeemShareAsync(request, cancellationToken)))
            .ConfigureAwait(false);
        if (link.ShareId.Length > 0 && result.ShareId != link.ShareId)
        {
            result.Share.Dispose();
            throw new ShareRpcException(ErrorCode.InvalidToken); // the token is for another share than the link says
        }

        handle = result.Share;
        credit = result.Features?.Methods.Contains("subscribe") == true ? result.Limits.CreditBytes : null;
        return result.Page;
    }

    private bool IsNotThereYet(ErrorCode code) =>
        code == ErrorCode.InvalidToken && time.GetElapsedTime(openedAt) < options.InvalidTokenPatience;

    private void SetState(ReaderState next)
    {
        if (state == next) return;
        state = next;
        options.OnState?.Invoke(next);
    }

    private async Task DropAsync()
    {
        pages?.Dispose();
        (pages, subscriptions) = (null, 0);
        handle?.Dispose();
        handle = null;
        if (connection is not null) await connection.DisposeAsync().ConfigureAwait(false);
        connection = null;
    }
}

/// <summary>
/// The state of a share. Follow from the cursor; an op changes a document only if the op's cursor is larger than the
/// document's.
/// </summary>
/// <param name="Documents">In order of kind and key.</param>
/// <param name="Cursor">Where to follow from.</param>
public sealed record ShareSnapshot(IReadOnlyList<Document> Documents, long Cursor);

/// <summary>
/// Data up to <see cref="Cursor"/> is lost: read the state and follow from there. After a restore of the server, each
/// reading of ops is such a gap until the state was read.
/// </summary>
public sealed class ShareGapException(long cursor)
    : Exception($"The ops up to cursor {cursor} are no longer kept; read the state instead.")
{
    public long Cursor { get; } = cursor;
}
