using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access.Redaction;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access;

/// <summary>
/// The rights of a live handle, and the only place that checks them (I6). Holds the ref and its ancestors as of
/// redemption. Any thread.
/// </summary>
internal sealed class Authority : IDisposable
{
    // A timer runs on a clock of coarse ticks (up to 16 ms): it may fire before the wall clock reaches the expiry.
    private const long TimerSlackMs = 16;

    private static readonly TimeSpan NotCurrentRetry = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource denied = new();
    private readonly TimeProvider time;
    private readonly IServerNode? node;
    private int deniedCode;
    private string? authorId;

    public Authority(
        RefRow row, IReadOnlyList<RefRow> chain, string? shareId, TimeProvider time, IServerNode? node = null)
    {
        Ref = CapabilityChain.CommentsByGrant(chain) ? row with { Rights = row.Rights & ~Rights.Comment } : row;
        ShareId = shareId;
        Chain = [.. chain.Select(ancestor => (ancestor.Key, ancestor.Epoch))];
        IsOwner = chain is [{ ShareKey: not null }, { ShareKey: null }, ..];
        Label = row.IsGrant ? chain[1].Label : row.Label;
        Links = [.. chain.Select(ancestor => new RefLink(ancestor.Key, ancestor.Epoch, ancestor.ParentKey))];
        Caveats = new EffectiveCaveats(chain);
        List<long> own =
            [.. chain.Where(link => link is { ShareKey: not null, IsGrant: false }).Select(link => link.Key)];
        CountedRefs = own.Count > 1 ? own[..^1] : own;
        Denied = denied.Token;
        (this.time, this.node) = (time, node);
    }

    /// <summary>Gets the ref; without <c>comment</c> if only its grants have that.</summary>
    public RefRow Ref { get; }

    public string? ShareId { get; }

    /// <summary>Gets whether it is the share's owner ref.</summary>
    public bool IsOwner { get; }

    /// <summary>Gets the label that whoever gave it chose; for a grant that of its link.</summary>
    public string? Label { get; }

    /// <summary>Gets the id that stands for the ref in what it says to others.</summary>
    public string AuthorId => authorId ??= CommentKey.AuthorOf(Ref.CapId);

    /// <summary>Gets the ref and its parents up to the root, with epochs at redemption.</summary>
    public IReadOnlyList<(long Key, long Epoch)> Chain { get; }

    /// <summary>Gets the same with the parents, for a store that others write, too.</summary>
    public IReadOnlyList<RefLink> Links { get; }

    public bool IsDenied => Volatile.Read(ref deniedCode) != 0;

    /// <summary>Gets whether it is neither denied nor expired.</summary>
    public bool IsAlive => !IsDenied && !HasExpired;

    private bool HasExpired => Caveats.ExpiresAtMs <= time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Those of the whole chain together.</summary>
    public EffectiveCaveats Caveats { get; private set; }

    /// <summary>
    /// Gets the refs at which rejections and duplicates count: the ref (a grant's link) and its ancestors, without the
    /// share's owner ref unless it is that one, so that no guest uses up what the owner has.
    /// </summary>
    public IReadOnlyList<long> CountedRefs { get; }

    public CancellationToken Denied { get; }

    public ReadProfile Profile => Caveats.Profile;

    public void Demand(Rights right)
    {
        if (Volatile.Read(ref deniedCode) is var code && code != 0) throw CapabilityChain.Refusal(Ref, (ErrorCode)code);
        if (HasExpired) throw CapabilityChain.Refusal(Ref, ErrorCode.CapabilityExpired);
        if (!Ref.Rights.HasFlag(right)) throw new ShareRpcException(ErrorCode.Forbidden);

        // An append is proven in its transaction; and what takes access away may always be tried.
        if (right is not (Rights.None or Rights.Append or Rights.Revoke)) DemandCurrent();
    }

    /// <summary>
    /// Demands what a batch needs: <c>append</c>, or without a writer <c>comment</c>. Then each op needs the right of
    /// its kind (SPEC [COMMENT-1]).
    /// </summary>
    public void DemandAppend(bool hasWriter) =>
        Demand(!hasWriter && Ref.Rights.HasFlag(Rights.Comment) ? Rights.None : Rights.Append);

    /// <summary>
    /// Throws <c>storage_unavailable</c> if this node cannot be sure of the authority any more; looked at last before
    /// anything that was read is sent.
    /// </summary>
    public void DemandCurrent()
    {
        if (node is { IsCurrent: false })
            throw new ShareRpcException(ErrorCode.StorageUnavailable) { RetryAfter = NotCurrentRetry };
    }

    /// <summary>
    /// The last look before a page goes to the socket: every page of ops or documents passes here, and nowhere else. A
    /// node of a cluster looks at its authority lease here, too.
    /// </summary>
    public void DemandPage() => Demand(Rights.Read);

    /// <summary>
    /// Returns how long a wait may last, in milliseconds: just after its expiry the authority is looked at again.
    /// </summary>
    public int WaitAtMost(int waitMs)
    {
        if (waitMs <= 0) return 0;
        long left = Caveats.ExpiresAtMs - time.GetUtcNow().ToUnixTimeMilliseconds() ?? waitMs;
        return (int)Math.Min(waitMs, Math.Max(left, 0) + TimerSlackMs);
    }

    /// <summary>Counts what is appended at a further ref, too; on the commit thread only.</summary>
    public void Bind(EffectiveCaveats.Quota quota) => Caveats = Caveats.With(quota);

    /// <summary>Makes every later <see cref="Demand"/> throw the code. Final.</summary>
    public void Deny(ErrorCode code)
    {
        if (Interlocked.CompareExchange(ref deniedCode, (int)code, 0) == 0) _ = denied.CancelAsync();
    }

    public void Dispose() => denied.Dispose();
}
