using ShareRpc.Protocol.Limits;

namespace ShareRpc.Protocol.Rpc;

/// <summary>What a redemption grants.</summary>
public sealed record RedeemShareResult
{
    /// <summary>The live handle; the caller disposes it.</summary>
    public required IShareHandle Share { get; init; }

    public required string ShareId { get; init; }

    public required string CapId { get; init; }

    public required IReadOnlyList<string> Rights { get; init; }

    public required Caveats Caveats { get; init; }

    public required long Epoch { get; init; }

    /// <summary>The share's head when this was answered, 0 for an empty share.</summary>
    public required long Cursor { get; init; }

    /// <summary>The limits of this server.</summary>
    public required ProtocolLimits Limits { get; init; }

    /// <summary>Redeems the same ref again without its secret.</summary>
    public string? Ticket { get; init; }

    /// <summary>With <c>writer_id</c>: where the server has the writer.</summary>
    public WriterState? Writer { get; init; }

    /// <summary>With <c>append</c>: one outcome per batch tried, in order; fewer than sent when the rest was not tried.</summary>
    public IReadOnlyList<BatchOutcome>? Acks { get; init; }

    /// <summary>With <c>read</c>.</summary>
    public OpPage? Page { get; init; }
}
