namespace ShareRpc.Protocol.Errors;

/// <summary>
/// The one exception of the protocol: what the server answers and what the client library throws. Its message is the code's stable name
/// and hint; it never carries the text of another exception, a token or a payload.
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

    /// <summary>What went wrong; callers branch on this and on nothing else.</summary>
    public ErrorCode Code { get; }

    /// <summary>True when the same call, unchanged, may succeed later.</summary>
    public bool IsTransient { get; }

    /// <summary>What a client does about it.</summary>
    public ErrorAction Action { get; init; }

    /// <summary>One sentence for people, with the next step.</summary>
    public string Hint => ErrorCodes.HintOf(Code);

    /// <summary>For transient errors: how long the server asks to wait; null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>With <see cref="ErrorCode.CursorMismatch"/>: the share's head. With <see cref="ErrorCode.SequenceGap"/>: null.</summary>
    public long? Head { get; init; }

    /// <summary>
    /// With <see cref="ErrorCode.SequenceGap"/> and <see cref="ErrorCode.WriterForked"/>: the writer's watermark on the server.
    /// </summary>
    public long? AckedSeq { get; init; }
}
