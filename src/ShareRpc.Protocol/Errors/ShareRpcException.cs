namespace ShareRpc.Protocol.Errors;

/// <summary>A protocol error. Contains no token or payload.</summary>
public sealed class ShareRpcException : Exception
{
    /// <summary>Creates an error.</summary>
    public ShareRpcException(ErrorCode code)
        : base($"{ErrorCodes.NameOf(code)}: {ErrorCodes.HintOf(code)}")
    {
        Code = code;
        IsTransient = ErrorCodes.IsTransient(code);
        Action = ErrorCodes.ActionOf(code);
    }

    /// <summary>Gets the code.</summary>
    public ErrorCode Code { get; }

    /// <summary>Gets whether the same call may succeed later.</summary>
    public bool IsTransient { get; }

    /// <summary>Gets the client's reaction.</summary>
    public ErrorAction Action { get; init; }

    /// <summary>Gets a readable hint.</summary>
    public string Hint => ErrorCodes.HintOf(Code);

    /// <summary>Gets the requested wait, or null.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Gets the head, if the cursor mismatched.</summary>
    public long? Head { get; init; }

    /// <summary>Gets the acked seq, after a gap or fork.</summary>
    public long? AckedSeq { get; init; }
}
