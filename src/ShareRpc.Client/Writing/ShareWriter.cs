using System.Runtime.CompilerServices;
using System.Text.Unicode;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Client.Writing;

/// <summary>
/// One share, as its writer sees it: what is enqueued here is on disk when the call returns, and arrives exactly once
/// in effect. Any thread.
/// </summary>
public sealed class ShareWriter
{
    private readonly OutboxShare share;
    private readonly OutboxFile outbox;
    private readonly CredentialStore credentials;
    private readonly ShareClientOptions options;
    private readonly TimeProvider time;
    private readonly Func<ConnectionState> connection;

    internal ShareWriter(
        OutboxShare share, OutboxFile outbox, CredentialStore credentials, ShareClientOptions options,
        TimeProvider time,
            Func<ConnectionState> connection)
    {
        this.share = share;
        this.outbox = outbox;
        this.credentials = credentials;
        this.options = options;
        this.time = time;
        this.connection = connection;
    }

    public string ShareId => share.ShareId;

    /// <summary>Gets what the caller knows the share by, for instance <c>opencode:ses_...</c>.</summary>
    public string ExternalKey => share.ExternalKey;

    public string? Label => share.Label;

    /// <summary>Gets the ref that appends: the owner's, or that of the link the share was joined by.</summary>
    public string AppendCapId => share.AppendCapId;

    /// <summary>Gets where the outbox of this share stands now.</summary>
    public WriterStatus Status
    {
        get
        {
            OutboxShare now = outbox.GetShare(share.Key);
            (long pending, long inFlight, long failed, long waiting) = outbox.CountOps(share.Key);
            return new WriterStatus
            {
                ShareId = now.ShareId, ExternalKey = now.ExternalKey, Label = now.Label, Pending = pending,
                InFlight = inFlight,
                Failed = failed, Waiting = waiting,
                Applied = now.Applied, Duplicates = now.Duplicates, Cursor = now.Cursor,
                LastError = outbox.ReadLastError(share.Key), ClosedCode = now.ClosedCode, Connection = connection(),
            };
        }
    }

    /// <summary>Ends at the next change of this outbox: take it, look at <see cref="Status"/>, then await it.</summary>
    public Task Changed => outbox.Changed;

    /// <summary>
    /// Gets the read-only link made with the share; works once the server has heard of it. Null for a joined share, and
    /// once it was revoked from this machine.
    /// </summary>
    public ShareLink? ViewerLink =>
        share.ViewerCapId is { } capId && credentials.FindToken(capId) is { } token && !IsViewerLinkRevoked
        ? LinkOf(token)
        : null;

    /// <summary>Gets whether that link was revoked from this machine; what others did is not known here.</summary>
    public bool IsViewerLinkRevoked => share.ViewerCapId is { } capId && credentials.Find(capId) is { IsRevoked: true };

    /// <summary>Gets the link of the ref that appends: for the share's owner only.</summary>
    public ShareLink? OwnerLink => credentials.FindToken(share.AppendCapId) is { } token ? LinkOf(token) : null;

    /// <summary>
    /// Stores ops behind those before them; on disk when it returns. Errors: <see cref="ArgumentException"/> for an op
    /// that breaks the protocol's rules or limits, <see cref="OutboxException"/> when the outbox is full or the share
    /// is closed; nothing is stored then.
    /// </summary>
    public Task EnqueueAsync(IReadOnlyList<OpIntent> ops, EnqueueOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ops);
        options ??= EnqueueOptions.Default;
        foreach (OpIntent op in ops) Check(op);
        if (options.Atomic) CheckAtomic(ops);
        return outbox.Queue.EnqueueAsync(share.Key, ops, options.Atomic, options.Bookmark, cancellationToken);
    }

    /// <summary>Returns the value of a bookmark; null before its first.</summary>
    public Task<string?> ReadBookmarkAsync(string name, CancellationToken cancellationToken = default) =>
        Task.Run(() => outbox.ReadBookmark(share.Key, name), cancellationToken);

    /// <summary>
    /// Returns a new ref on this share, as a link: returned at once, and made when the server can be reached.
    /// </summary>
    public Task<ShareLink> InviteAsync(
        Rights rights, string label, Caveats? caveats = null, CancellationToken cancellationToken = default) =>
        InviteAsync(rights, label, caveats, passphrase: null, cancellationToken);

    /// <summary>
    /// Creates an invitation that also needs a passphrase. It is kept nowhere: the outbox holds a digest that says
    /// nothing without the link.
    /// </summary>
    public Task<ShareLink> InviteAsync(
        Rights rights, string label, Caveats? caveats, string? passphrase,
        CancellationToken cancellationToken = default) => Task.Run(
        () =>
        {
            ShareToken token = ShareToken.New(RandomId.New());
            credentials.Add(token, options.Server, share.ShareId, label);
            outbox.Intents.Add(share.Key, OutboxIntent.Attenuate, share.AppendCapId, new AttenuateRequest
            {
                CapId = token.CapId, TokenDigest = token.Digest, Rights = rights.ToNames(), Caveats = caveats,
                Label = label,
                PassphraseDigest = passphrase is null ? null : Passphrase.DigestOf(token, passphrase),
            });
            return LinkOf(token);
        },
        cancellationToken);

    /// <summary>Takes a ref back: stored now, and done, for good, when the server can be reached.</summary>
    public Task RevokeAsync(string capId, CancellationToken cancellationToken = default) => Task.Run(
        () => outbox.Intents.Add(
            share.Key, OutboxIntent.Revoke, share.AppendCapId, new RevokeCapabilityRequest { CapId = capId }),
                cancellationToken);

    /// <summary>Returns the parked ops, oldest first.</summary>
    public Task<IReadOnlyList<FailedOp>> ListFailedAsync(int limit = 100,
        CancellationToken cancellationToken = default) =>
        Task.Run(() => outbox.Refused.ListFailed(share.Key, limit), cancellationToken);

    /// <summary>Returns every op that was refused, parked or waiting for a dependency, whole; oldest first.</summary>
    public async IAsyncEnumerable<ParkedOp> ReadParkedAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        const int AtOnce = 100;
        long row = 0;
        while (true)
        {
            long after = row;
            IReadOnlyList<(long Row, ParkedOp Op)> page =
                await Task.Run(() => outbox.Refused.ReadParked(share.Key, after, AtOnce),
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
    /// Sends refused ops again: the same op ids, new seqs; one op only, with its atomic group, when it is named. How
    /// many there were.
    /// </summary>
    public Task<int> RetryAsync(string? opId = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => outbox.Refused.RetryFailed(share.Key, opId), cancellationToken);

    /// <summary>
    /// Forgets refused ops for good; one op only, with its atomic group, when it is named. How many there were. Read
    /// them first with <see cref="ReadParkedAsync"/> if they are worth anything.
    /// </summary>
    public Task<int> DropAsync(string? opId = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => outbox.Refused.DropRefused(share.Key, opId), cancellationToken);

    /// <summary>
    /// Ends when nothing of this share is to be sent: everything is acked, parked as failed, or waits for an op that it
    /// depends on.
    /// </summary>
    public async Task FlushAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            Task changed = outbox.Changed;
            if (!outbox.HasWork(share.Key)) return;
            try
            {
                await changed.WaitAsync(options.PollInterval, time, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // Look again: another process may be the one that sends.
            }
        }
    }

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
            && (ops.Count == 1 || ops.Sum(op => (long)(op.Data?.Utf8.Length ?? 0)) <= limits.BatchBytes);
        if (!fits) throw new ArgumentException("An atomic enqueue must fit one batch: 1,000 ops and 8 MiB of data.");
    }

    private ShareLink LinkOf(ShareToken token) => new(options.Server, share.ShareId, token);
}
