using System.Runtime.CompilerServices;
using System.Text.Unicode;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Client.Writing.Sending;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Client.Writing;

/// <summary>Writes to a share through a durable outbox; each op takes effect once. Thread-safe.</summary>
public sealed class ShareWriter
{
    private readonly OutboxShare share;
    private readonly SenderContext context;
    private readonly OutboxSender? sender;

    internal ShareWriter(OutboxShare share, SenderContext context, OutboxSender? sender)
    {
        this.share = share;
        this.context = context;
        this.sender = sender;
    }

    private OutboxFile Outbox => context.Outbox;

    private CredentialStore Credentials => context.Credentials;

    public string ShareId => share.ShareId;

    /// <summary>Gets the caller's key of the share.</summary>
    public string ExternalKey => share.ExternalKey;

    public string? Label => share.Label;

    /// <summary>Gets the ref that appends.</summary>
    public string AppendCapId => share.AppendCapId;

    /// <summary>Gets the current outbox status.</summary>
    public WriterStatus Status
    {
        get
        {
            OutboxShare now = Outbox.GetShare(share.Key);
            (long pending, long inFlight, long failed, long waiting, long requests) = Outbox.Count(share.Key);
            return new WriterStatus
            {
                ShareId = now.ShareId, ExternalKey = now.ExternalKey, Label = now.Label, Pending = pending,
                InFlight = inFlight,
                Failed = failed + requests, FailedRequests = requests, Waiting = waiting,
                FailedEarlier = Math.Min(failed + requests, context.FailedEarlier.GetValueOrDefault(share.Key)),
                Applied = now.Applied, Duplicates = now.Duplicates, Cursor = now.Cursor,
                Missing = Outbox.Missing.List(share.Key), LastError = Outbox.ReadLastError(share.Key),
                ClosedCode = now.ClosedCode,
                Failure = sender?.Failures.Find(share.Key), Connection = sender?.State ?? ConnectionState.Idle,
            };
        }
    }

    /// <summary>Completes at the next change; take it before <see cref="Status"/>.</summary>
    public Task Changed => Outbox.Changed;

    /// <summary>Gets the read-only link, or null if joined or revoked here.</summary>
    public ShareLink? ViewerLink =>
        share.ViewerCapId is { } capId && Credentials.FindToken(capId) is { } token && !IsViewerLinkRevoked
        ? LinkOf(token)
        : null;

    /// <summary>Gets whether this machine revoked that link.</summary>
    public bool IsViewerLinkRevoked => share.ViewerCapId is { } capId && Credentials.Find(capId) is { IsRevoked: true };

    /// <summary>Gets the link that appends; keep it secret.</summary>
    public ShareLink? OwnerLink => Credentials.FindToken(share.AppendCapId) is { } token ? LinkOf(token) : null;

    /// <summary>
    /// Stores all ops durably or none. Throws <see cref="ArgumentException"/> for an invalid op,
    /// <see cref="OutboxException"/> if full or closed.
    /// </summary>
    public Task EnqueueAsync(IReadOnlyList<OpIntent> ops, EnqueueOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ops);
        options ??= EnqueueOptions.Default;
        foreach (OpIntent op in ops) Check(op);
        if (options.ExpectedCursor < 0) throw new ArgumentException("An expected cursor is 0 or more.");
        bool isGroup = options.Atomic || options.ExpectedCursor is not null;
        if (isGroup) CheckAtomic(ops);
        string? group = isGroup ? OutboxGroup.New(options.ExpectedCursor) : null;
        return context.Traces.EnqueueAsync(ops, () =>
            Outbox.Queue.EnqueueAsync(share.Key, ops, group, options.Bookmark, cancellationToken));
    }

    /// <summary>Returns a bookmark's value, or null.</summary>
    public Task<string?> ReadBookmarkAsync(string name, CancellationToken cancellationToken = default) =>
        Task.Run(() => Outbox.ReadBookmark(share.Key, name), cancellationToken);

    /// <summary>Returns a link; its ref is created when the server is reachable.</summary>
    public Task<ShareLink> InviteAsync(
        Rights rights, string label, Caveats? caveats = null, CancellationToken cancellationToken = default) =>
        InviteAsync(rights, label, caveats, passphrase: null, cancellationToken);

    /// <summary>Creates a link with a passphrase, not stored.</summary>
    public Task<ShareLink> InviteAsync(
        Rights rights, string label, Caveats? caveats, string? passphrase,
        CancellationToken cancellationToken = default) => Task.Run(
        () =>
        {
            ShareToken token = ShareToken.New(RandomId.New());
            Credentials.Add(token, context.Options.Server, share.ShareId, label);
            Outbox.Intents.Add(share.Key, WriterRequest.Attenuate, share.AppendCapId, new AttenuateRequest
            {
                CapId = token.CapId, TokenDigest = token.Digest, Rights = rights.ToNames(), Caveats = caveats,
                Label = label,
                PassphraseDigest = passphrase is null ? null : Passphrase.DigestOf(token, passphrase),
            });
            return LinkOf(token);
        },
        cancellationToken);

    /// <summary>Revokes a ref when the server is reachable; stored at once.</summary>
    public Task RevokeAsync(string capId, CancellationToken cancellationToken = default) => Task.Run(
        () => Outbox.Intents.Add(
            share.Key, WriterRequest.Revoke, share.AppendCapId, new RevokeCapabilityRequest { CapId = capId }),
                cancellationToken);

    /// <summary>Returns the requests besides ops that wait or failed for good, oldest first.</summary>
    public Task<IReadOnlyList<WriterRequest>> ListRequestsAsync(CancellationToken cancellationToken = default) =>
        Task.Run(() => Outbox.Intents.ListAll(share.Key), cancellationToken);

    /// <summary>Returns parked ops, oldest first.</summary>
    public Task<IReadOnlyList<FailedOp>> ListFailedAsync(int limit = 100,
        CancellationToken cancellationToken = default) =>
        Task.Run(() => Outbox.Refused.ListFailed(share.Key, limit), cancellationToken);

    /// <summary>Returns parked and waiting ops, oldest first.</summary>
    public async IAsyncEnumerable<ParkedOp> ReadParkedAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        const int AtOnce = 100;
        long row = 0;
        while (true)
        {
            long after = row;
            IReadOnlyList<(long Row, ParkedOp Op)> page =
                await Task.Run(() => Outbox.Refused.ReadParked(share.Key, after, AtOnce),
                    cancellationToken).ConfigureAwait(false);
            if (page.Count == 0) yield break;
            foreach ((long at, ParkedOp op) in page)
            {
                row = at;
                yield return op;
            }
        }
    }

    /// <summary>
    /// Queues refused ops again, all, with the failed requests, or one atomic group; returns their number.
    /// </summary>
    public Task<int> RetryAsync(string? opId = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => Outbox.Refused.RetryFailed(share.Key, opId), cancellationToken);

    /// <summary>
    /// Deletes refused ops, all, with the failed requests, or one atomic group; returns their number.
    /// </summary>
    public Task<int> DropAsync(string? opId = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => Outbox.Refused.DropRefused(share.Key, opId), cancellationToken);

    /// <summary>
    /// Forgets a share that no server has acknowledged, with all that waits for it: another call makes it anew. Returns
    /// false, and changes nothing, if a server has it or a process is sending.
    /// </summary>
    public Task<bool> ForgetAsync(CancellationToken cancellationToken = default) => Task.Run(
        () => Outbox.TryForget(share.Key, context.Time.GetUtcNow().ToUnixTimeMilliseconds()), cancellationToken);

    /// <summary>
    /// Waits until nothing is queued; refused ops do not count. If it is cancelled while <see
    /// cref="WriterStatus.Failure"/> is set, the exception names the share and holds the failure.
    /// </summary>
    public Task FlushAsync(CancellationToken cancellationToken = default) =>
        new OutboxFlush(Outbox, context.Options.PollInterval, context.Time, sender?.Failures)
            .RunAsync([share], cancellationToken);

    private static void Check(OpIntent op)
    {
        ArgumentNullException.ThrowIfNull(op);
        if (!OpId.IsValid(op.OpId))
            throw new ArgumentException("An op id is 1 to 64 characters of A-Z a-z 0-9 _ . : -");
        if (op.Data is { } data && !Utf8.IsValid(data.Utf8.Span))
        {
            throw new ArgumentException($"The data of the op on {op.Kind} is not valid UTF-8.");
        }
        if (OpRules.Check(op, ProtocolLimits.Default) is not { } code) return;
        throw new ArgumentException(
            $"The op on {op.Kind} cannot be sent: {ErrorCodes.NameOf(code)}. {ErrorCodes.HintOf(code)}");
    }

    private static void CheckAtomic(IReadOnlyList<OpIntent> ops)
    {
        ProtocolLimits limits = ProtocolLimits.Default;
        bool fits = ops.Count <= limits.BatchOps
            && ops.SelectMany(op => op.DependsOn ?? []).Distinct(StringComparer.Ordinal).Count()
                <= limits.BatchDependsOn
            && (ops.Count == 1 || ops.Sum(op => (long)(op.Data?.Utf8.Length ?? 0)) <= limits.BatchBytes);
        if (fits) return;
        throw new ArgumentException(
            "An atomic enqueue must fit one batch: 1,000 ops, 8 MiB of data and 1,024 distinct dependencies.");
    }

    private ShareLink LinkOf(ShareToken token) => new(context.Options.Server, share.ShareId, token);
}
