namespace ShareRpc.Protocol.Limits;

/// <summary>Server limits (SPEC section "Limits"), in UTF-8 JSON bytes.</summary>
public sealed record ProtocolLimits
{
    public static readonly ProtocolLimits Default = new();

    /// <summary>Overhead of one document or op.</summary>
    internal const int EnvelopeBytes = 64 * 1024;

    /// <summary>A message's bytes until a redemption has succeeded ([WS-3]).</summary>
    internal const int UnprovenBytes = 256 * 1024;

    /// <summary>Gets a message's bytes. Beyond: close 1009.</summary>
    public int FrameBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Gets an op's data bytes. Beyond: <c>too_large</c>.</summary>
    public int OpBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>
    /// Gets a document's bytes. Beyond: <c>too_large</c>. At least <see cref="OpBytes"/>; must fit a frame.
    /// </summary>
    public int DocumentBytes { get; init; } = 12 * 1024 * 1024;

    /// <summary>Gets a batch's ops. Beyond, or none: <c>invalid_batch</c>.</summary>
    public int BatchOps { get; init; } = 1000;

    /// <summary>Gets the data bytes of several ops in a batch. Beyond: <c>invalid_batch</c>.</summary>
    public int BatchBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Gets the data depth; <c>{}</c> is 1. Beyond: <c>too_large</c>.</summary>
    public int DataDepth { get; init; } = 48;

    /// <summary>Gets the dependencies of an op.</summary>
    public int DependsOn { get; init; } = 16;

    /// <summary>Gets the distinct dependencies of a batch's ops. Beyond: <c>invalid_batch</c>.</summary>
    public int BatchDependsOn { get; init; } = 1024;

    /// <summary>Gets a page's bytes; one larger op is allowed.</summary>
    public int PageBytes { get; init; } = 1024 * 1024;

    /// <summary>Gets the entries of a page; caps <c>limit</c>.</summary>
    public int PageEntries { get; init; } = 1000;

    /// <summary>Gets the maximum of <c>wait_ms</c>.</summary>
    public int WaitMs { get; init; } = 30_000;

    /// <summary>Gets the maximum of a subscription's credit, in bytes of ops.</summary>
    public int CreditBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Gets calls per connection. Beyond: <c>too_many_calls</c>.</summary>
    public int CallsInFlight { get; init; } = 64;

    /// <summary>Gets waiting reads per connection. Beyond: <c>too_many_calls</c>.</summary>
    public int WaitingReads { get; init; } = 16;

    /// <summary>Gets handles ever made per connection. Beyond: <c>too_many_handles</c>.</summary>
    public int HandlesPerConnection { get; init; } = 1000;

    /// <summary>Gets the batches per redemption.</summary>
    public int RedeemBatches { get; init; } = 64;

    /// <summary>Gets the depth of a ref below root.</summary>
    public int ChainDepth { get; init; } = 16;

    /// <summary>Gets the data bytes of a comment. Beyond: <c>too_large</c>.</summary>
    public int CommentBytes { get; init; } = 8 * 1024;

    /// <summary>
    /// Gets the ops of kind <c>comment</c> that a ref may send in an hour; all below one child of the owner ref
    /// together ten times as many. Beyond: <c>rate_limited</c>.
    /// </summary>
    public int CommentsPerHour { get; init; } = 120;

    /// <summary>Gets the comments of a share. Beyond: <c>quota_exceeded</c>.</summary>
    public int CommentsPerShare { get; init; } = 2000;

    /// <summary>Gets the comments on a document. Beyond: <c>quota_exceeded</c>.</summary>
    public int CommentsPerDocument { get; init; } = 100;
}
