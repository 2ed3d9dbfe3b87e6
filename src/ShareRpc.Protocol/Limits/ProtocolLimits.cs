namespace ShareRpc.Protocol.Limits;

/// <summary>
/// The limits that a server enforces and announces (SPEC section "Limits"). Bytes are bytes of UTF-8 JSON as sent. A
/// client obeys what the server announced in <c>redeemShare</c>, not these defaults.
/// </summary>
public sealed record ProtocolLimits
{
    public static readonly ProtocolLimits Default = new();

    /// <summary>What a frame may need around the one document or op in it.</summary>
    internal const int EnvelopeBytes = 64 * 1024;

    /// <summary>
    /// Gets the bytes of one WebSocket message, either way. A larger one closes the connection with 1009.
    /// </summary>
    public int FrameBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Gets the bytes of an op's data. A larger op is rejected <c>too_large</c>.</summary>
    public int OpBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>
    /// Gets the bytes of one document: the data of its last put and of every append since. An append beyond is rejected
    /// <c>too_large</c>. At least <see cref="OpBytes"/>, and small enough for a frame.
    /// </summary>
    public int DocumentBytes { get; init; } = 12 * 1024 * 1024;

    /// <summary>Gets the ops of one batch. A batch with more, or with none, is refused <c>invalid_batch</c>.</summary>
    public int BatchOps { get; init; } = 1000;

    /// <summary>
    /// Gets the data bytes of a batch of more than one op. A larger batch is refused <c>invalid_batch</c>.
    /// </summary>
    public int BatchBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>
    /// Gets the nesting depth of an op's data; <c>{}</c> has depth 1. A deeper op is rejected <c>too_large</c>.
    /// </summary>
    public int DataDepth { get; init; } = 48;

    /// <summary>Gets the number of ops that one op may depend on.</summary>
    public int DependsOn { get; init; } = 16;

    /// <summary>
    /// Gets the bytes of one page of ops or documents; a single larger op is still a page of its own.
    /// </summary>
    public int PageBytes { get; init; } = 1024 * 1024;

    /// <summary>Gets the entries of one page; a larger <c>limit</c> is lowered to it.</summary>
    public int PageEntries { get; init; } = 1000;

    /// <summary>Gets the longest <c>wait_ms</c> of a read; a longer one is lowered to it.</summary>
    public int WaitMs { get; init; } = 30_000;

    /// <summary>Gets the calls in flight on one connection. A further call is answered <c>too_many_calls</c>.</summary>
    public int CallsInFlight { get; init; } = 64;

    /// <summary>
    /// Gets the reads that wait for new ops on one connection. A further read is answered <c>too_many_calls</c>.
    /// </summary>
    public int WaitingReads { get; init; } = 16;

    /// <summary>
    /// Gets the handles ever made on one connection. A further redemption is answered <c>too_many_handles</c>.
    /// </summary>
    public int HandlesPerConnection { get; init; } = 1000;

    /// <summary>Gets the batches in the <c>append</c> of one redemption.</summary>
    public int RedeemBatches { get; init; } = 64;

    /// <summary>Gets the number of parents between a capability and its root.</summary>
    public int ChainDepth { get; init; } = 16;
}
