namespace ShareRpc.Server.Storage;

/// <summary>Why a store could not do what it was asked.</summary>
public enum StorageFailure
{
    /// <summary>
    /// The medium or the store behind it does not answer, or answers with an error that has no name here.
    /// </summary>
    Unavailable,

    /// <summary>Somebody else holds it.</summary>
    Busy,

    /// <summary>It cannot be written.</summary>
    ReadOnly,

    /// <summary>There is no room.</summary>
    Full,

    /// <summary>What is stored is damaged: waiting does not help.</summary>
    Damaged,
}

/// <summary>A store failed; the message says what is wrong and the next step, to whoever runs the server.</summary>
public sealed class StorageException(StorageFailure failure, string message, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>What kind of failure it is.</summary>
    public StorageFailure Failure { get; } = failure;
}
