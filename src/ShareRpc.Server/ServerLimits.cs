namespace ShareRpc.Server;

/// <summary>Bounds of the server itself, beside those of the protocol (I9; SPEC section "Limits").</summary>
public sealed record ServerLimits
{
    public static readonly ServerLimits Default = new();

    /// <summary>Items waiting for a transaction; more are answered <c>overloaded</c>.</summary>
    public int QueueItems { get; init; } = 16_384;

    /// <summary>Bytes waiting for a transaction; more are answered <c>overloaded</c>.</summary>
    public long QueueBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>Ops after which a transaction takes no further item.</summary>
    public int TransactionOps { get; init; } = 8_192;

    /// <summary>Bytes after which a transaction takes no further item.</summary>
    public long TransactionBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>How long work of the background waits for a transaction of others to go along with.</summary>
    public TimeSpan BackgroundWait { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Shares whose head, tail and writers are held in memory for appending.</summary>
    public int CachedShares { get; init; } = 4_096;

    /// <summary>Writers held in memory per share.</summary>
    public int CachedWriters { get; init; } = 1_024;

    /// <summary>
    /// Unfolded ops of a share that start a fold at once. Of a document that was put more than once meanwhile only the
    /// last put is written.
    /// </summary>
    public int FoldOps { get; init; } = 2_048;

    /// <summary>Unfolded bytes of a share that start a fold at once.</summary>
    public long FoldBytes { get; init; } = 2 * 1024 * 1024;

    /// <summary>Unfolded ops of one document that start a fold at once, from the last one on that says the document whole.</summary>
    public int FoldDocumentOps { get; init; } = 512;

    /// <summary>How long an unfolded op waits for a fold at the most when nothing else happens.</summary>
    public TimeSpan FoldInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Documents that a fold writes in one transaction, between those of appends.</summary>
    public int FoldSliceDocs { get; init; } = 64;

    /// <summary>Bytes of ops that make the documents of one such transaction.</summary>
    public int FoldSliceBytes { get; init; } = 256 * 1024;

    /// <summary>
    /// Bytes of the write-ahead log beyond which it begins anew: commits pause for what is not copied yet. It grows on
    /// while somebody reads an old moment of it, as a backup does.
    /// </summary>
    public long LogBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>How long such a pause waits for readers at the most.</summary>
    public TimeSpan LogPause { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Unfolded ops of a share at which appends to it are answered <c>overloaded</c> until the fold has caught up.</summary>
    public int TailOps { get; init; } = 65_536;

    /// <summary>How long a writer may be silent, with no handle and no batch, before its streaming turns are ended for it.</summary>
    public TimeSpan TurnLease { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Streaming turns whose silence is measured at once; more wait for theirs.</summary>
    public int TrackedTurns { get; init; } = 100_000;

    /// <summary>How often streaming turns are looked at; what a lease may last longer.</summary>
    public TimeSpan TurnSweepInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Recent ops of a share with live handles that are kept encoded for its readers: several full pages, since who
    /// falls behind them reads from the disk, alone and at many times the cost, and then may never catch up on a busy
    /// machine.
    /// </summary>
    public int RingOps { get; init; } = 8_192;

    /// <summary>Bytes of those.</summary>
    public long RingBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Redaction profiles of a share whose view of the ring is kept; readers with others are filtered for one by one.</summary>
    public int RedactionProfiles { get; init; } = 8;

    /// <summary>Connections open at once; more are answered 503.</summary>
    public int Connections { get; init; } = 20_000;

    /// <summary>How long a connection may be open before it redeems something; then it is closed.</summary>
    public TimeSpan RedeemTime { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Bytes a second that a WebSocket message must bring, once it has begun and the grace is over; else the connection
    /// is cut.
    /// </summary>
    public int FrameRate { get; init; } = 1_024;

    /// <summary>How long a message may take before its rate is looked at.</summary>
    public TimeSpan FrameGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Passphrases checked at once; each takes a core and 20 MB for about 100 ms.</summary>
    public int Argon2AtOnce { get; init; } = 2;

    /// <summary>Passphrases that wait to be checked or kept; more are answered <c>overloaded</c>.</summary>
    public int Argon2Waiting { get; init; } = 128;

    /// <summary>Passes of Argon2id over its memory, for passphrases kept from now on.</summary>
    public int Argon2Passes { get; init; } = 2;

    /// <summary>Memory of one Argon2id computation, in KiB, likewise. The default is OWASP's first choice.</summary>
    public int Argon2Kibibytes { get; init; } = 19_456;

    /// <summary>Grants of one link that have not ended; a redemption beyond them leaves none behind.</summary>
    public int GrantsPerLink { get; init; } = 1_000;

    /// <summary>How long a grant lasts when the invitation does not say.</summary>
    public TimeSpan GrantTime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>
    /// How long the row of a grant is kept after its end, so that its holder is told what became of it.
    /// </summary>
    public TimeSpan EndedGrantTime { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How often rows of grants that are older than that are deleted.</summary>
    public TimeSpan GrantSweepInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Wrong tokens of one address a minute that are told so; more are told to wait. A right token is never refused for
    /// it.
    /// </summary>
    public int WrongTokensPerMinute { get; init; } = 60;

    /// <summary>
    /// How long a wrong token beyond that limit waits for its answer at least, so that a flood of them costs little;
    /// twice that at most. Zero: not at all.
    /// </summary>
    public TimeSpan RateLimitedDelay { get; init; } = TimeSpan.FromMilliseconds(75);

    /// <summary>Passphrase guesses a minute, of one ref and of one address; more are told to wait, right or wrong.</summary>
    public int PassphraseGuessesPerMinute { get; init; } = 10;

    /// <summary>Shares that one address may make a minute under open creation; more are told to wait.</summary>
    public int OpenCreationsPerMinute { get; init; } = 30;

    /// <summary>Addresses or refs that one of these limits remembers; the one used longest ago is forgotten first.</summary>
    public int LimitedKeys { get; init; } = 100_000;

    /// <summary>How often redemptions, refusals and appends of the audit trail are written: what a crash may lose of them.</summary>
    public TimeSpan AuditInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Sums of the audit trail held until then; what is beyond is summed up without address or ref.</summary>
    public int AuditSums { get; init; } = 10_000;

    /// <summary>What an overloaded server asks its client to wait.</summary>
    public TimeSpan OverloadedRetryAfter { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>What a server that is shutting down asks its client to wait.</summary>
    public TimeSpan DrainingRetryAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>What a server whose disk fails asks its client to wait.</summary>
    public TimeSpan StorageRetryAfter { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a start looks for damage in the database; what a larger file needs beyond it is left to <c>sharerpc
    /// check</c>.
    /// </summary>
    public TimeSpan StartCheckTime { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Revocations that the disk did not take, and that the server itself repeats until it does. Those beyond are
    /// denied in memory like the others, and only their callers repeat them.
    /// </summary>
    public int OwedRevocations { get; init; } = 65_536;

    /// <summary>Bytes of one HTTP request body; a larger one is answered 413.</summary>
    public int HttpBodyBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>Requests to the HTTP API at once, waiting ones too; more are answered 503.</summary>
    public int HttpRequests { get; init; } = 4_096;

    /// <summary>Bytes that request bodies may take in memory at once; the next ones wait before they are read.</summary>
    public long HttpHeldBytes { get; init; } = 128L * 1024 * 1024;

    /// <summary>Bytes of items that a sync may send before its secret.</summary>
    public int HttpUnprovenBytes { get; init; } = 1024 * 1024;

    /// <summary>Data bytes of the batches that a sync is cut into, if an item is not larger by itself.</summary>
    public int HttpBatchBytes { get; init; } = 256 * 1024;

    /// <summary>Reads over HTTP that wait for ops at once; more are answered <c>too_many_calls</c>.</summary>
    public int HttpWaitingReads { get; init; } = 1_024;

    /// <summary>How long a request's headers may take to arrive; then its connection is closed.</summary>
    public TimeSpan HttpHeadersTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How slow a request's body may arrive, in bytes a second after 5 s; then its connection is closed.</summary>
    public int HttpBodyRate { get; init; } = 240;

    /// <summary>A connection that answers no ping for this long is closed.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How often an idle connection is pinged.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a connection may take to read what it was sent before a revocation; then it is closed.</summary>
    public TimeSpan RevokedDrainTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a closing connection waits for its peer.</summary>
    public TimeSpan CloseTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a background loop that failed waits before it is started again; twice as long after each failure.</summary>
    public TimeSpan LoopRestart { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest such wait.</summary>
    public TimeSpan LoopRestartMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a shutdown waits for calls to finish.</summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(10);
}
