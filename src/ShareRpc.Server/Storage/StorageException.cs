namespace ShareRpc.Server.Storage;

/// <summary>The cause of a storage failure.</summary>
public enum StorageFailure
{
    /// <summary>Storage does not respond, or an unclassified error.</summary>
    Unavailable,

    /// <summary>Locked by another user.</summary>
    Busy,

    /// <summary>Not writable.</summary>
    ReadOnly,

    /// <summary>Disk full.</summary>
    Full,

    /// <summary>Stored data is damaged; a retry does not help.</summary>
    Damaged,
}

/// <summary>A storage failure; the message tells the operator the problem and the next step.</summary>
public sealed class StorageException(StorageFailure failure, string message, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>Gets the cause.</summary>
    public StorageFailure Failure { get; } = failure;
}
