using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;

namespace ShareRpc.Protocol.Messages;

/// <summary>Parameters of <c>redeemShare</c>.</summary>
public sealed record RedeemShareRequest
{
    /// <summary>Gets the token of a share's ref, or of a grant of one.</summary>
    public required string Token { get; init; }

    public string? Passphrase { get; init; }

    /// <summary>
    /// Gets the ref that a counted or locked link shall leave behind for this holder (SPEC [GRANT-1]).
    /// </summary>
    public GrantRequest? Grant { get; init; }

    /// <summary>Gets the outbox that will append through this handle; without it batches carry no seqs.</summary>
    public string? WriterId { get; init; }

    /// <summary>Gets what was in flight before, in its original grouping and order; at most 64 batches.</summary>
    public IReadOnlyList<OpBatch>? Append { get; init; }

    /// <summary>Gets a first read; <c>wait_ms</c> is taken as 0.</summary>
    public ReadOpsRequest? Read { get; init; }
}

/// <summary>What a redemption grants.</summary>
public sealed record RedeemShareResult
{
    /// <summary>Gets the live handle; the caller disposes it.</summary>
    public required IShareHandle Share { get; init; }

    public required string ShareId { get; init; }

    public required string CapId { get; init; }

    public required IReadOnlyList<string> Rights { get; init; }

    public required Caveats Caveats { get; init; }

    public required long Epoch { get; init; }

    /// <summary>Gets the share's head when this was answered, 0 for an empty share.</summary>
    public required long Cursor { get; init; }

    /// <summary>Gets the limits of this server.</summary>
    public required ProtocolLimits Limits { get; init; }

    /// <summary>
    /// Gets the grant that the handle is of; null when the link gave none, and the handle is of the link itself.
    /// </summary>
    public GrantInfo? Grant { get; init; }

    /// <summary>Gets the server's state of the writer, with <c>writer_id</c>.</summary>
    public WriterState? Writer { get; init; }

    /// <summary>
    /// Gets one outcome per batch tried, in order, with <c>append</c>; fewer than sent if the rest was not tried.
    /// </summary>
    public IReadOnlyList<BatchOutcome>? Acks { get; init; }

    /// <summary>Gets the first page, with <c>read</c>.</summary>
    public OpPage? Page { get; init; }
}

/// <summary>
/// A grant that a redemption shall make. The caller keeps its token, on disk if it can, before it sends this.
/// </summary>
public sealed record GrantRequest
{
    /// <summary>Gets a fresh random id.</summary>
    public required string CapId { get; init; }

    /// <summary>Gets the digest of the token, see <c>ShareToken.Digest</c>; the secret itself is never sent.</summary>
    public required string TokenDigest { get; init; }
}

/// <summary>A grant that the server keeps: its token comes back without another use or passphrase.</summary>
public sealed record GrantInfo
{
    public required string CapId { get; init; }

    /// <summary>Gets when it ends, by the server's clock: milliseconds since 1970 UTC.</summary>
    public required long ExpiresAtMs { get; init; }
}

/// <summary>Parameters of <c>redeemRoot</c>.</summary>
public sealed record RedeemRootRequest
{
    public required string Token { get; init; }

    public string? Passphrase { get; init; }
}

/// <summary>What the redemption of a root or creator ref grants.</summary>
public sealed record RedeemRootResult
{
    /// <summary>Gets the live handle; the caller disposes it.</summary>
    public required IRootHandle Root { get; init; }

    public required string CapId { get; init; }

    public required IReadOnlyList<string> Rights { get; init; }

    public required Caveats Caveats { get; init; }

    public required long Epoch { get; init; }

    public required ProtocolLimits Limits { get; init; }
}

/// <summary>Where the server has a writer.</summary>
public sealed record WriterState
{
    /// <summary>Gets the watermark: the highest seq consumed, 0 at first. Settles no outbox row.</summary>
    public required long AckedSeq { get; init; }
}

/// <summary>The outcome of one batch of a redemption: an ack or an error.</summary>
public sealed record BatchOutcome
{
    public required string BatchId { get; init; }

    public Ack? Ack { get; init; }

    public ErrorData? Error { get; init; }
}
