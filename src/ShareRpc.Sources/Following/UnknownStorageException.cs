namespace ShareRpc.Sources.Following;

/// <summary>
/// A schema, table or version that an adapter cannot place. The message is one line that names what was found and the
/// next step, without session content.
/// </summary>
internal sealed class UnknownStorageException(string message, Exception? inner = null) : Exception(message, inner);
