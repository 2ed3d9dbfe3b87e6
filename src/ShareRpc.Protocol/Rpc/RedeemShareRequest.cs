using ShareRpc.Protocol.Ops;

namespace ShareRpc.Protocol.Rpc;

/// <summary>Parameters of <c>redeemShare</c>. Exactly one of token and ticket.</summary>
public sealed record RedeemShareRequest
{
    public string? Token { get; init; }

    /// <summary>A resume ticket of an earlier redemption, as long as it lives; see SPEC section "Tickets".</summary>
    public string? Ticket { get; init; }

    public string? Passphrase { get; init; }

    /// <summary>The outbox that will append through this handle; without it batches carry no seqs.</summary>
    public string? WriterId { get; init; }

    /// <summary>What was in flight before, in its original grouping and order; at most 64 batches.</summary>
    public IReadOnlyList<OpBatch>? Append { get; init; }

    /// <summary>A first read; <c>wait_ms</c> is taken as 0.</summary>
    public ReadOpsRequest? Read { get; init; }
}
