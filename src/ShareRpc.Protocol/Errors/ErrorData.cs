namespace ShareRpc.Protocol.Errors;

/// <summary>
/// The <c>error.data</c> of every JSON-RPC error: <c>{code, transient, action, hint, retry_after_ms?, head?,
/// acked_seq?}</c>.
/// </summary>
public sealed record ErrorData
{
    public required string Code { get; init; }

    public bool Transient { get; init; }

    /// <summary>Gets what to do, see <see cref="ErrorAction"/>; null from a server that does not say.</summary>
    public string? Action { get; init; }

    public string? Hint { get; init; }

    /// <summary>Gets the time to wait before the next try, in milliseconds, 0 or more.</summary>
    public long? RetryAfterMs { get; init; }

    public long? Head { get; init; }

    public long? AckedSeq { get; init; }

    /// <summary>Returns the wire form of an exception.</summary>
    public static ErrorData From(ShareRpcException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return new()
        {
            Code = ErrorCodes.NameOf(error.Code),
            Transient = error.IsTransient,
            Action = ErrorActionNames.NameOf(error.Action),
            Hint = error.Hint,
            RetryAfterMs = (long?)error.RetryAfter?.TotalMilliseconds,
            Head = error.Head,
            AckedSeq = error.AckedSeq,
        };
    }

    /// <summary>
    /// Returns the exception of a wire error. A code that this version does not know becomes
    /// <see cref="ErrorCode.Internal"/> when it is transient and <see cref="ErrorCode.InvalidParams"/> when it is not,
    /// so that an old client still retries what may be retried and nothing else.
    /// </summary>
    public ShareRpcException ToException()
    {
        if (!ErrorCodes.TryParse(Code, out ErrorCode code))
            code = Transient ? ErrorCode.Internal : ErrorCode.InvalidParams;
        return new ShareRpcException(code)
        {
            Action = ErrorActionNames.Find(Action) ?? ErrorCodes.ActionOf(code),
            RetryAfter = RetryAfterMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null,
            Head = Head,
            AckedSeq = AckedSeq,
        };
    }
}
