using System.Collections.Frozen;
using System.Text.Json;

namespace ShareRpc.Protocol.Errors;

/// <summary>Properties of each <see cref="ErrorCode"/>.</summary>
public static class ErrorCodes
{
    private static readonly FrozenDictionary<ErrorCode, string> Names =
        Enum.GetValues<ErrorCode>().ToFrozenDictionary(code => code,
            code => JsonNamingPolicy.SnakeCaseLower.ConvertName(code.ToString()));

    private static readonly FrozenDictionary<string, ErrorCode> ByName =
        Names.ToFrozenDictionary(pair => pair.Value, pair => pair.Key);

    private static readonly FrozenSet<ErrorCode> Transient = new[]
    {
        ErrorCode.Internal, ErrorCode.Overloaded, ErrorCode.Draining, ErrorCode.StorageUnavailable,
        ErrorCode.RevocationNotDurable,
        ErrorCode.RateLimited, ErrorCode.TooManyCalls, ErrorCode.RejectionsExceeded, ErrorCode.CapabilitySuspended,
    }.ToFrozenSet();

    /// <summary>Returns the stable name.</summary>
    public static string NameOf(ErrorCode code) => Names[code];

    /// <summary>Parses a stable name; false if unknown.</summary>
    public static bool TryParse(string? name, out ErrorCode code)
    {
        if (name is not null) return ByName.TryGetValue(name, out code);
        code = default;
        return false;
    }

    /// <summary>Returns whether the same call may succeed later.</summary>
    public static bool IsTransient(ErrorCode code) => Transient.Contains(code);

    /// <summary>Returns the default action (SPEC [ERR-7]).</summary>
    public static ErrorAction ActionOf(ErrorCode code) => code switch
    {
        ErrorCode.MethodNotFound or ErrorCode.Draining or ErrorCode.TooManyHandles or ErrorCode.CapabilitySuspended =>
            ErrorAction.Redeem,
        ErrorCode.PassphraseRequired or ErrorCode.CursorMismatch => ErrorAction.Ask,
        ErrorCode.WriterForked or ErrorCode.WriterTaken => ErrorAction.NewWriter,
        ErrorCode.SequenceGap => ErrorAction.ResendFrom,
        ErrorCode.InvalidBatch or ErrorCode.TooLarge => ErrorAction.Split,
        _ when IsTransient(code) || code == ErrorCode.DependencyMissing => ErrorAction.Retry,
        _ when IsAuthority(code) => ErrorAction.Stop,
        _ => ErrorAction.Park,
    };

    /// <summary>Returns whether later batches of the sender fail too.</summary>
    public static bool IsAuthority(ErrorCode code) => code
        is ErrorCode.InvalidToken or ErrorCode.CapabilityRevoked or ErrorCode.CapabilityExpired
        or ErrorCode.CapabilitySuspended or ErrorCode.Forbidden or ErrorCode.PassphraseRequired
        or ErrorCode.CapabilityUsedUp or ErrorCode.ShareEnded or ErrorCode.ShareDeleted;

    /// <summary>Returns a readable hint without request data.</summary>
    public static string HintOf(ErrorCode code) => code switch
    {
        ErrorCode.MethodNotFound =>
            "No such method here, or the handle was released; the methods are listed in the protocol's SPEC.",
        ErrorCode.InvalidParams => "The parameters are not of this method's shape; see the protocol's SPEC.",
        ErrorCode.Internal => "The server failed; nothing was acknowledged. Try again; its log has the details.",
        ErrorCode.Overloaded =>
            "The server is busy; nothing was consumed. Send the same bytes again after retry_after_ms.",
        ErrorCode.Draining => "The server is shutting down; reconnect and send the same bytes again.",
        ErrorCode.StorageUnavailable =>
            "The server cannot write to its storage (disk full or locked); nothing was consumed. Try again later.",
        ErrorCode.RevocationNotDurable =>
            "Access is denied now, but not yet on disk. Keep the request and send it again.",
        ErrorCode.RateLimited => "Too many failed redemptions from this address, or comments; wait for retry_after_ms.",
        ErrorCode.TooManyCalls => "Too many calls in flight on this connection; wait for one to return.",
        ErrorCode.TooManyHandles => "This connection has made its last handle; open a new connection.",
        ErrorCode.RejectionsExceeded =>
            "Too many ops of this access were rejected, or changed nothing, today; send the same bytes again tomorrow.",
        ErrorCode.InvalidToken =>
            "Not there yet, or not a valid link. A new share's link works once its creator has been online.",
        ErrorCode.CapabilityRevoked => "This access was taken back. Ask whoever gave it for a new one.",
        ErrorCode.CapabilityExpired => "This access has expired. Ask whoever gave it for a new one.",
        ErrorCode.CapabilitySuspended => "This access is suspended for now; it may be resumed by whoever gave it.",
        ErrorCode.Forbidden => "This access does not include that right.",
        ErrorCode.PassphraseRequired => "This link needs its passphrase; it was not given, or not the right one.",
        ErrorCode.CapabilityUsedUp =>
            "This link has been opened as often as it may be. Ask whoever gave it for a new one.",
        ErrorCode.ShareEnded => "The share has ended: it can be read, not appended to.",
        ErrorCode.ShareDeleted => "The share was deleted by its owner; its content is gone.",
        ErrorCode.IdTaken => "That id is in use with other parameters; choose a fresh random id.",
        ErrorCode.NotFound => "Nothing with that id is visible to this access.",
        ErrorCode.WriterForked =>
            "Another copy of this outbox has sent under the same writer id; go on under a new writer id.",
        ErrorCode.SequenceGap => "The batch does not start at the writer's next seq; send what is missing first.",
        ErrorCode.CursorMismatch => "The share's head is not at expected_cursor; read what is new, then decide again.",
        ErrorCode.InvalidBatch =>
            "The batch is malformed: ids, count, size or consecutive seqs; see the protocol's SPEC.",
        ErrorCode.WriterTaken => "That writer id belongs to another capability; choose a fresh random one.",
        ErrorCode.OpIdReused => "This op_id already stands for other content; give a different intent its own op_id.",
        ErrorCode.InvalidOp => "The op is malformed: verb, kind, key, data or depends_on; see the protocol's SPEC.",
        ErrorCode.TooLarge => "The op is larger, or nested deeper, than the server's limits.",
        ErrorCode.KindNotAllowed => "This access may not append ops of that kind.",
        ErrorCode.QuotaExceeded => 
            "This access has used up its quota. Ask whoever gave it for more, or delete shares that it made.",
        ErrorCode.TurnFinal => "The turn is already finished in another way.",
        ErrorCode.DependencyMissing => "An op it depends on has not been applied.",
        ErrorCode.DependencyFailed => "An op it depends on was rejected.",
        ErrorCode.AtomicAborted => "Another op of the same atomic batch was rejected, so none was applied.",
        ErrorCode.NotAuthor => "Only its author may change a comment; its author or the owner may remove it.",
        ErrorCode.NoTarget => "What the comment is on, or answers, is not there, or not visible to this access.",
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, null),
    };
}
