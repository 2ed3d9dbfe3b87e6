using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;

namespace ShareRpc.Protocol.Messages;

/// <summary>Parameters of <c>redeemShare</c>.</summary>
public sealed record RedeemShareRequest
{
    /// <summary>Gets the token of a ref or grant.</summary>
    public required string Token { get; init; }

    public string? Passphrase { get; init; }

    /// <summary>Gets a grant to create (SPEC [GRANT-1]).</summary>
    public GrantRequest? Grant { get; init; }

    /// <summary>Gets the writer; without it batches have no seqs.</summary>
    public string? WriterId { get; init; }

    /// <summary>Gets unacked batches as first grouped, at most 64.</summary>
    public IReadOnlyList<OpBatch>? Append { get; init; }

    /// <summary>Gets a first read; its <c>wait_ms</c> is ignored.</summary>
    public ReadOpsRequest? Read { get; init; }
}

/// <summary>Result of <c>redeemShare</c>.</summary>
public sealed record RedeemShareResult
{
    /// <summary>Gets the handle; the caller disposes it.</summary>
    public required IShareHandle Share { get; init; }

    public required string ShareId { get; init; }

    public required string CapId { get; init; }

    public required IReadOnlyList<string> Rights { get; init; }

    public required Caveats Caveats { get; init; }

    public required long Epoch { get; init; }

    /// <summary>Gets the head; 0 if empty.</summary>
    public required long Cursor { get; init; }

    /// <summary>Gets the server's limits.</summary>
    public required ProtocolLimits Limits { get; init; }

    /// <summary>Gets what the server knows.</summary>
    public ProtocolFeatures? Features { get; init; }

    /// <summary>Gets the handle's grant; null if the link gave none.</summary>
    public GrantInfo? Grant { get; init; }

    /// <summary>Gets the writer's state, with <c>writer_id</c>.</summary>
    public WriterState? Writer { get; init; }

    /// <summary>Gets outcomes of the tried batches, in order.</summary>
    public IReadOnlyList<BatchOutcome>? Acks { get; init; }

    /// <summary>Gets the first page, with <c>read</c>.</summary>
    public OpPage? Page { get; init; }

    /// <summary>
    /// Gets when the server removes the share unless something is appended before, in Unix ms; null: never.
    /// </summary>
    public long? KeptUntilMs { get; init; }

    /// <summary>Gets what the last restore of the server gave to the share; null before any (SPEC [READ-9]).</summary>
    public long? Generation { get; init; }
}

/// <summary>A grant to create. Store its token before sending this.</summary>
public sealed record GrantRequest
{
    /// <summary>Gets a new random id.</summary>
    public required string CapId { get; init; }

    /// <summary>Gets the token's digest.</summary>
    public required string TokenDigest { get; init; }
}

/// <summary>A stored grant, redeemed without use or passphrase.</summary>
public sealed record GrantInfo
{
    public required string CapId { get; init; }

    /// <summary>Gets the expiry, in Unix ms.</summary>
    public required long ExpiresAtMs { get; init; }
}

/// <summary>Parameters of <c>redeemRoot</c>.</summary>
public sealed record RedeemRootRequest
{
    public required string Token { get; init; }

    public string? Passphrase { get; init; }
}

/// <summary>Result of <c>redeemRoot</c>.</summary>
public sealed record RedeemRootResult
{
    /// <summary>Gets the handle; the caller disposes it.</summary>
    public required IRootHandle Root { get; init; }

    public required string CapId { get; init; }

    public required IReadOnlyList<string> Rights { get; init; }

    public required Caveats Caveats { get; init; }

    public required long Epoch { get; init; }

    public required ProtocolLimits Limits { get; init; }

    /// <summary>Gets what the server knows.</summary>
    public ProtocolFeatures? Features { get; init; }
}

/// <summary>Server state of a writer.</summary>
public sealed record WriterState
{
    /// <summary>Gets the highest consumed seq; does not settle ops.</summary>
    public required long AckedSeq { get; init; }
}

/// <summary>An ack or an error.</summary>
public sealed record BatchOutcome
{
    public required string BatchId { get; init; }

    public Ack? Ack { get; init; }

    public ErrorData? Error { get; init; }
}
