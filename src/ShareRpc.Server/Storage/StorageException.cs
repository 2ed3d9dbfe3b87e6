namespace ShareRpc.Server.Storage;

/// <summary>The store could not do it: disk full, locked, I/O error. Nothing of the transaction stands.</summary>
internal sealed class StorageException(Exception inner) : Exception("The store failed.", inner);
