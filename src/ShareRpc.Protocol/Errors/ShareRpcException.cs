namespace ShareRpc.Protocol.Errors;

/// <summary>
/// The one exception of the protocol: what the server answers and what the client library throws. Its message is the
/// code's stable name and hint; it never carries the text of another exception, a token or a payload.
/// </summary>
public sealed class ShareRpcException : Exception
{
    /// <summary>An error with the code's own hint.</summary>
    public ShareRpcException(ErrorCode code)
        : base($"{ErrorCodes.NameOf(code)}: {ErrorCodes.HintOf(code)}")
    {
        Code = code;
        IsTransient = ErrorCodes.IsTransient(code);
        Action = ErrorCodes.ActionOf(code);
    }

    /// <summary>Gets what went wrong; callers branch on this and on nothing else.</summary>
    public ErrorCode Code { get; }

    /// <summary>Gets whether the same call, unchanged, may succeed later.</summary>
    public bool IsTransient { get; }

    /// <summary>Gets what a client does about it.</summary>
    public ErrorAction Action { get; init; }

    /// <summary>Gets a sentence for people, with the next step.</summary>
    public string Hint => ErrorCodes.HintOf(Code);

    /// <summary>Gets the time that the server asks to wait before the next try; null if it names none.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Gets the head of the share, with <see cref="ErrorCode.CursorMismatch"/>.</summary>
    public long? Head { get; init; }

    /// <summary>
    /// Gets the writer's watermark on the server, with <see cref="ErrorCode.SequenceGap"/> and
    /// <see cref="ErrorCode.WriterForked"/>.
    /// </summary>
    public long? AckedSeq { get; init; }
}
