namespace ShareRpc.Client.Credentials;

/// <summary>The credentials file cannot be used. The message names it and says what to do.</summary>
public sealed class CredentialStoreException(string message, Exception inner) : IOException(message, inner);
