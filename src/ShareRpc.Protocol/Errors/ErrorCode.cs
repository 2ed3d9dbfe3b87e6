namespace ShareRpc.Protocol.Errors;

/// <summary>
/// Every error of the protocol (SPEC section "Errors"). The numbers are fixed for ever; a number is never reused. The
/// JSON-RPC <c>error.code</c> is the number; <c>error.data.code</c> is <see cref="ErrorCodes.NameOf"/>.
/// </summary>
public enum ErrorCode
{
    // The two that JSON-RPC 2.0 itself numbers.
    MethodNotFound = -32601,
    InvalidParams = -32602,

    // The call, or the service.
    Internal = -32010,
    Overloaded = -32011,
    Draining = -32012,
    StorageUnavailable = -32013,
    RevocationNotDurable = -32014,
    RateLimited = -32015,
    TooManyCalls = -32016,
    TooManyHandles = -32017,

    // Authority.
    InvalidToken = -32020,
    CapabilityRevoked = -32021,
    CapabilityExpired = -32022,
    CapabilitySuspended = -32023,
    Forbidden = -32024,
    PassphraseRequired = -32025,
    CapabilityUsedUp = -32026,

    // Shares and refs.
    ShareEnded = -32030,
    ShareDeleted = -32031,
    IdTaken = -32032,
    NotFound = -32033,

    // A whole batch; nothing of it is consumed.
    WriterForked = -32040,
    SequenceGap = -32041,
    CursorMismatch = -32042,
    InvalidBatch = -32043,
    WriterTaken = -32044,

    // One op; permanent, recorded, consumes its seq. Seen in an ack's rejections only, never as a JSON-RPC error.
    OpIdReused = -32060,
    InvalidOp = -32061,
    TooLarge = -32062,
    KindNotAllowed = -32063,
    QuotaExceeded = -32064,
    TurnFinal = -32065,
    DependencyMissing = -32066,
    DependencyFailed = -32067,
    AtomicAborted = -32068,
}
