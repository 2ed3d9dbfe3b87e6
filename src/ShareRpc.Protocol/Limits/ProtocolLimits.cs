namespace ShareRpc.Protocol.Limits;

/// <summary>
/// The limits that a server enforces and announces (SPEC section "Limits"). Bytes are bytes of UTF-8 JSON as sent. A client obeys what the
/// server announced in <c>redeemShare</c>, not these defaults.
/// </summary>
public sealed record ProtocolLimits
{
    public static readonly ProtocolLimits Default = new();

    /// <summary>What a frame may need around the one document or op in it.</summary>
    internal const int EnvelopeBytes = 64 * 1024;

    /// <summary>One WebSocket message, either way. Over it the connection is closed with 1009.</summary>
    public int FrameBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>The data of one op. Over it the op is rejected <c>too_large</c>.</summary>
    public int OpBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>
    /// One document: the data bytes of its last put and of every append since. An append over it is rejected <c>too_large</c>. At least
    /// <see cref="OpBytes"/>, and small enough for a frame.
    /// </summary>
    public int DocumentBytes { get; init; } = 12 * 1024 * 1024;

    /// <summary>Ops of one batch, 1 to this many. Outside, the batch is refused <c>invalid_batch</c>.</summary>
    public int BatchOps { get; init; } = 1000;

    /// <summary>Sum of the data bytes of a batch of more than one op. Over it the batch is refused <c>invalid_batch</c>.</summary>
    public int BatchBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Nesting depth of an op's data; <c>{}</c> has depth 1. Deeper, the op is rejected <c>too_large</c>.</summary>
    public int DataDepth { get; init; } = 48;

    /// <summary>Ops that one op may depend on.</summary>
    public int DependsOn { get; init; } = 16;

    /// <summary>Bytes of one page of ops or documents; a single larger op is still a page of its own.</summary>
    public int PageBytes { get; init; } = 1024 * 1024;

    /// <summary>Entries of one page; a larger <c>limit</c> is lowered to it.</summary>
    public int PageEntries { get; init; } = 1000;

    /// <summary>The longest <c>wait_ms</c> of a read; a longer one is lowered to it.</summary>
    public int WaitMs { get; init; } = 30_000;

    /// <summary>Calls in flight on one connection. Over it a call is answered <c>too_many_calls</c>.</summary>
    public int CallsInFlight { get; init; } = 64;

    /// <summary>Reads waiting for new ops on one connection. Over it a read is answered <c>too_many_calls</c>.</summary>
    public int WaitingReads { get; init; } = 16;

    /// <summary>Handles ever made on one connection. Over it a redemption is answered <c>too_many_handles</c>.</summary>
    public int HandlesPerConnection { get; init; } = 1000;

    /// <summary>Batches in the <c>append</c> of one redemption.</summary>
    public int RedeemBatches { get; init; } = 64;

    /// <summary>Parents between a capability and its root.</summary>
    public int ChainDepth { get; init; } = 16;
}
