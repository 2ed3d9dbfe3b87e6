namespace ShareRpc.Server.Storage;

/// <summary>A data directory cannot be read, checked or copied; the message says why and what to do, in words for whoever asked.</summary>
public sealed class StorageException(string message) : Exception(message);
