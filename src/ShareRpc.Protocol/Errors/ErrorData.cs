namespace ShareRpc.Protocol.Errors;

/// <summary>The <c>error.data</c> of JSON-RPC errors.</summary>
public sealed record ErrorData
{
    public required string Code { get; init; }

    public bool Transient { get; init; }

    /// <summary>Gets the <see cref="ErrorAction"/> name, or null.</summary>
    public string? Action { get; init; }

    public string? Hint { get; init; }

    /// <summary>Gets the wait before a retry, in ms.</summary>
    public long? RetryAfterMs { get; init; }

    public long? Head { get; init; }

    public long? AckedSeq { get; init; }

    /// <summary>Converts an exception.</summary>
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
    /// Returns an exception. Unknown codes become <see cref="ErrorCode.Internal"/> if transient, else
    /// <see cref="ErrorCode.InvalidParams"/>.
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
