namespace ShareRpc.Server;

/// <summary>Limits of the server itself (I9; docs/limits.md).</summary>
public sealed record ServerLimits
{
    public static readonly ServerLimits Default = new();

    /// <summary>Gets the maximum of queued items; more get <c>overloaded</c>.</summary>
    public int QueueItems { get; init; } = 16_384;

    /// <summary>Gets the maximum of queued bytes; more get <c>overloaded</c>.</summary>
    public long QueueBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>Gets the ops that close a transaction to further items.</summary>
    public int TransactionOps { get; init; } = 8_192;

    /// <summary>Gets the bytes that close a transaction to further items.</summary>
    public long TransactionBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Gets how long background work waits to join a transaction.</summary>
    public TimeSpan BackgroundWait { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Gets the shares cached for appending.</summary>
    public int CachedShares { get; init; } = 4_096;

    /// <summary>Gets the cached writers per share.</summary>
    public int CachedWriters { get; init; } = 1_024;

    /// <summary>Gets a share's unfolded ops that start a fold. Repeated puts of a document are written once.</summary>
    public int FoldOps { get; init; } = 2_048;

    /// <summary>Gets a share's unfolded bytes that start a fold.</summary>
    public long FoldBytes { get; init; } = 2 * 1024 * 1024;

    /// <summary>Gets the unfolded ops of a document, since its last whole put, that start a fold.</summary>
    public int FoldDocumentOps { get; init; } = 512;

    /// <summary>Gets the maximum wait of an unfolded op for a fold.</summary>
    public TimeSpan FoldInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets the documents per fold transaction.</summary>
    public int FoldSliceDocs { get; init; } = 512;

    /// <summary>Gets the op bytes per fold transaction.</summary>
    public int FoldSliceBytes { get; init; } = 256 * 1024;

    /// <summary>
    /// Gets the bytes beyond which log maintenance restarts the write-ahead log, with a short pause of commits. Long
    /// reads, such as backups, let it grow further.
    /// </summary>
    public long LogBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Gets the maximum wait of that pause for readers.</summary>
    public TimeSpan LogPause { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Gets a share's unfolded ops at which appends get <c>overloaded</c>.</summary>
    public int TailOps { get; init; } = 65_536;

    /// <summary>
    /// Gets the rejections of a ref, with those below it, that are kept a day (UTC); batches with more get
    /// <c>rejections_exceeded</c>.
    /// </summary>
    public int RejectionsPerDay { get; init; } = 10_000;

    /// <summary>Gets the duplicates of a ref, likewise; 350 bytes each.</summary>
    public int DuplicatesPerDay { get; init; } = 100_000;

    /// <summary>
    /// Gets how long a writer without handle or batch may be silent before its streaming turns are ended.
    /// </summary>
    public TimeSpan TurnLease { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Gets the streaming turns tracked at once; others wait.</summary>
    public int TrackedTurns { get; init; } = 100_000;

    /// <summary>Gets the sweep interval of streaming turns, and so the lease's possible delay.</summary>
    public TimeSpan TurnSweepInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Gets the recent ops kept encoded per share while it is read. Keep several pages: slower readers go to disk, at
    /// much higher cost.
    /// </summary>
    public int RingOps { get; init; } = 8_192;

    /// <summary>Gets the bytes of those in memory, objects included. They count against the memory budget.</summary>
    public long RingBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Gets how long they are kept after somebody has read there.</summary>
    public TimeSpan RingIdle { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Gets the reads of the store at once; others wait their turn.</summary>
    public int StoreReads { get; init; } = 8;

    /// <summary>Gets the searches at once, one of each capability; others wait their turn.</summary>
    public int Searches { get; init; } = 2;

    /// <summary>Gets the searches that wait; a quarter of them may be of one capability.</summary>
    public int WaitingSearches { get; init; } = 64;

    /// <summary>Gets the characters of a document that are searched, from its beginning, of each layer.</summary>
    public int SearchedChars { get; init; } = 64 * 1024;

    /// <summary>Gets the different words of a document that are searched, of each layer.</summary>
    public int SearchedWords { get; init; } = 4_096;

    /// <summary>Gets the shares of a creator that are searched for a page.</summary>
    public int SearchedShares { get; init; } = 1_000;

    /// <summary>Gets the time after which shares are looked for whose index lags.</summary>
    public TimeSpan SearchScanInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Gets the redaction profiles cached per share; others are filtered per reader.</summary>
    public int RedactionProfiles { get; init; } = 8;

    /// <summary>
    /// Gets the maximum of WebSockets, of which an address may hold as many as it leaves free; more get 503.
    /// </summary>
    public int Connections { get; init; } = 20_000;

    /// <summary>
    /// Gets the maximum of connections of any kind, from their first byte on, of which an address may hold as many
    /// as it leaves free; more are closed.
    /// </summary>
    public int Sockets { get; init; } = 24_096;

    /// <summary>Gets how long a connection without a request stays open.</summary>
    public TimeSpan HttpIdleTime { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>Gets the time limit for the handshake of TLS.</summary>
    public TimeSpan TlsHandshakeTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Gets the results and objects that a session of Cap'n Web may leave unreleased, and those of the peer that it may
    /// hold; more end the session.
    /// </summary>
    public int CapnwebExports { get; init; } = 4_096;

    /// <summary>Gets how long a connection may stay without redemption.</summary>
    public TimeSpan RedeemTime { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Gets the bytes a second that a WebSocket message must bring in each <see cref="FrameGrace"/>; else the
    /// connection is cut.
    /// </summary>
    public int FrameRate { get; init; } = 1_024;

    /// <summary>
    /// Gets the window in which the rate of a message or body is looked at, while the peer is waited for.
    /// </summary>
    public TimeSpan FrameGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets the parallel passphrase checks; each takes a core and 20 MB for about 100 ms.</summary>
    public int Argon2AtOnce { get; init; } = 2;

    /// <summary>Gets the maximum of queued passphrase checks; more get <c>overloaded</c>.</summary>
    public int Argon2Waiting { get; init; } = 128;

    /// <summary>Gets the Argon2id passes for new passphrases.</summary>
    public int Argon2Passes { get; init; } = 2;

    /// <summary>Gets the Argon2id memory in KiB for new passphrases; default: OWASP's first choice.</summary>
    public int Argon2Kibibytes { get; init; } = 19_456;

    /// <summary>Gets the maximum of live grants per link; further redemptions store none.</summary>
    public int GrantsPerLink { get; init; } = 1_000;

    /// <summary>Gets the default lifetime of a grant.</summary>
    public TimeSpan GrantTime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Gets how long ended grants keep their row, to tell the holder why.</summary>
    public TimeSpan EndedGrantTime { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Gets the deletion interval of such rows.</summary>
    public TimeSpan GrantSweepInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Gets how long a node of a cluster serves after it has begun to read the state of authority. A change of
    /// authority waits that long, and <see cref="AuthorityMargin"/>, for a node that does not answer.
    /// </summary>
    public TimeSpan AuthorityLease { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Gets what others wait longer than that, since no two clocks run at the same pace.</summary>
    public TimeSpan AuthorityMargin { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Gets how long a change of a root or creator ref waits for transactions of other nodes that began before it; then
    /// it is to be repeated.
    /// </summary>
    public TimeSpan AuthorityGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets how often a node looks for ops of other nodes whose wakes were lost.</summary>
    public TimeSpan HeadPollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Gets the wrong tokens per address and minute before <c>rate_limited</c>; right tokens are unaffected.
    /// </summary>
    public int WrongTokensPerMinute { get; init; } = 60;

    /// <summary>Gets the minimum delay of a wrong token over the limit; at most twice that. Zero: none.</summary>
    public TimeSpan RateLimitedDelay { get; init; } = TimeSpan.FromMilliseconds(75);

    /// <summary>Gets the guesses per minute of a ref and of an address; the limit also applies to right ones.</summary>
    public int PassphraseGuessesPerMinute { get; init; } = 10;

    /// <summary>Gets the open creations per address and minute.</summary>
    public int OpenCreationsPerMinute { get; init; } = 30;

    /// <summary>
    /// Gets the refs that guests make below a link in a day, with grants, rotations and resumptions; more get
    /// <c>rate_limited</c>.
    /// </summary>
    public int ChangesPerDay { get; init; } = 2_000;

    /// <summary>Gets the log lines per address and minute about connections closed for what they sent.</summary>
    public int RefusalsLoggedPerMinute { get; init; } = 10;

    /// <summary>Gets the keys per rate limit; evicts the least recently used.</summary>
    public int LimitedKeys { get; init; } = 100_000;

    /// <summary>
    /// Gets the interval of audit writes for redemptions, refusals and appends; a crash may lose one.
    /// </summary>
    public TimeSpan AuditInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Gets how often new audit entries are sealed; what is newer can be changed without a trace.</summary>
    public TimeSpan AuditSealInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets the maximum of pending audit sums; the rest lose address, ref and share.</summary>
    public int AuditSums { get; init; } = 10_000;

    /// <summary>Gets the addresses that pending sums of a ref name; others share one.</summary>
    public int AuditAddresses { get; init; } = 64;

    /// <summary>Gets the maximum of audit entries that one filtered page examines.</summary>
    public int AuditExamined { get; init; } = 20_000;

    /// <summary>Gets the holders that a list of who is present names; more are counted.</summary>
    public int PresentShown { get; init; } = 100;

    /// <summary>Gets how often the free space of the disk is looked at.</summary>
    public TimeSpan SpaceInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets the retry wait for <c>overloaded</c>.</summary>
    public TimeSpan OverloadedRetryAfter { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Gets the retry wait at shutdown.</summary>
    public TimeSpan DrainingRetryAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets the retry wait for disk failures.</summary>
    public TimeSpan StorageRetryAfter { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Gets the time limit of the start's damage check; <c>sharerpc check</c> does the rest.</summary>
    public TimeSpan StartCheckTime { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Gets the maximum of failed revocations that the server repeats; for others only callers do.</summary>
    public int OwedRevocations { get; init; } = 65_536;

    /// <summary>Gets the maximum HTTP body bytes; more get 413.</summary>
    public int HttpBodyBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>
    /// Gets the maximum of HTTP API requests, waiting included, of which an address may hold as many as it leaves free;
    /// more get 503.
    /// </summary>
    public int HttpRequests { get; init; } = 4_096;

    /// <summary>
    /// Gets how long a sync tries again to append what the queue or the disk does not take; then it is refused.
    /// </summary>
    public TimeSpan HttpAppendWait { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Gets the data bytes per batch of a sync; a larger item is alone.</summary>
    public int HttpBatchBytes { get; init; } = 256 * 1024;

    /// <summary>Gets the maximum of waiting HTTP reads, likewise; more get <c>too_many_calls</c>.</summary>
    public int HttpWaitingReads { get; init; } = 1_024;

    /// <summary>Gets the maximum of MCP calls at once; more, and beyond what others leave free, get 503.</summary>
    public int McpCalls { get; init; } = 16;

    /// <summary>Gets the time limit for request headers.</summary>
    public TimeSpan HttpHeadersTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Gets the bytes a second that a request's body must bring in each <see cref="FrameGrace"/>; else its connection
    /// is closed.
    /// </summary>
    public int HttpBodyRate { get; init; } = 1_024;

    /// <summary>
    /// Gets how long what finds no room in the memory budget waits; then a message closes its connection, and a request
    /// is answered <c>overloaded</c>.
    /// </summary>
    public TimeSpan MemoryWait { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets how long one message may have the reserve of the budget while others wait.</summary>
    public TimeSpan ReserveTime { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Gets the bytes a second that whoever holds memory must bring while others wait for some.</summary>
    public int ScarceRate { get; init; } = 16 * 1_024;

    /// <summary>Gets the seconds in a row after which one that does not is cut off.</summary>
    public int ScarceRounds { get; init; } = 5;

    /// <summary>Gets the ping timeout.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Gets the ping interval of idle connections.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Gets how long a connection may take to read replies from before a revocation.</summary>
    public TimeSpan RevokedDrainTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets how long closing waits for the peer.</summary>
    public TimeSpan CloseTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets the initial restart wait of a failed loop; doubles per failure.</summary>
    public TimeSpan LoopRestart { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Gets the maximum restart wait.</summary>
    public TimeSpan LoopRestartMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets how long shutdown waits for calls.</summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(10);
}
