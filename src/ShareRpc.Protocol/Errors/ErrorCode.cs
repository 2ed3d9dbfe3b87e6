namespace ShareRpc.Protocol.Errors;

/// <summary>Errors (SPEC section "Errors"). Numbers are never reused.</summary>
public enum ErrorCode
{
    // Numbered by JSON-RPC.
    MethodNotFound = -32601,
    InvalidParams = -32602,

    Internal = -32010,
    Overloaded = -32011,
    Draining = -32012,
    StorageUnavailable = -32013,
    RevocationNotDurable = -32014,
    RateLimited = -32015,
    TooManyCalls = -32016,
    TooManyHandles = -32017,
    RejectionsExceeded = -32018,

    InvalidToken = -32020,
    CapabilityRevoked = -32021,
    CapabilityExpired = -32022,
    CapabilitySuspended = -32023,
    Forbidden = -32024,
    PassphraseRequired = -32025,
    CapabilityUsedUp = -32026,

    ShareEnded = -32030,
    ShareDeleted = -32031,
    IdTaken = -32032,
    NotFound = -32033,

    // Batch; nothing is consumed.
    WriterForked = -32040,
    SequenceGap = -32041,
    CursorMismatch = -32042,
    InvalidBatch = -32043,
    WriterTaken = -32044,

    // Single op: permanent, consumes its seq; only in an ack's rejections.
    OpIdReused = -32060,
    InvalidOp = -32061,
    TooLarge = -32062,
    KindNotAllowed = -32063,
    QuotaExceeded = -32064,
    TurnFinal = -32065,
    DependencyMissing = -32066,
    DependencyFailed = -32067,
    AtomicAborted = -32068,
    NotAuthor = -32069,
    NoTarget = -32070,
}
