using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access.Redaction;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access;

/// <summary>
/// What one live handle may do: the only place where rights are checked (I6). It stands for a sturdy ref and its ancestors as they were at
/// redemption; <see cref="AuthorityRegistry"/> denies it the moment one of them is taken back. Any thread.
/// </summary>
internal sealed class Authority : IDisposable
{
    private readonly CancellationTokenSource denied = new();
    private readonly TimeProvider time;
    private int deniedCode;

    public Authority(RefRow row, IReadOnlyList<RefRow> chain, string? shareId, TimeProvider time)
    {
        Ref = row;
        ShareId = shareId;
        Chain = [.. chain.Select(ancestor => (ancestor.Key, ancestor.Epoch))];
        Caveats = new EffectiveCaveats(chain);
        Denied = denied.Token;
        this.time = time;
    }

    public RefRow Ref { get; }

    public string? ShareId { get; }

    /// <summary>The ref itself, then its parents up to the root, with their epochs at redemption.</summary>
    public IReadOnlyList<(long Key, long Epoch)> Chain { get; }

    /// <summary>Those of the whole chain together.</summary>
    public EffectiveCaveats Caveats { get; private set; }

    /// <summary>Cancelled when the authority is denied, so that waiting reads end at once.</summary>
    public CancellationToken Denied { get; }

    /// <summary>What it may see of what it may read.</summary>
    public ReadProfile Profile => Caveats.Profile;

    /// <summary>Throws unless the handle is alive and has the right.</summary>
    public void Demand(Rights right)
    {
        if (Volatile.Read(ref deniedCode) is var code && code != 0) throw CapabilityChain.Refusal(Ref, (ErrorCode)code);
        if (Caveats.ExpiresAtMs <= time.GetUtcNow().ToUnixTimeMilliseconds())
        {
            throw CapabilityChain.Refusal(Ref, ErrorCode.CapabilityExpired);
        }

        if (!Ref.Rights.HasFlag(right)) throw new ShareRpcException(ErrorCode.Forbidden);
    }

    /// <summary>Counts what is appended at a further ref, too; on the commit thread only.</summary>
    public void Bind(EffectiveCaveats.Quota quota) => Caveats = Caveats.With(quota);

    /// <summary>Final: every later <see cref="Demand"/> throws the code.</summary>
    public void Deny(ErrorCode code)
    {
        if (Interlocked.CompareExchange(ref deniedCode, (int)code, 0) == 0) _ = denied.CancelAsync();
    }

    public void Dispose() => denied.Dispose();
}
