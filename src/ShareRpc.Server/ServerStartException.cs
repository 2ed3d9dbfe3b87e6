namespace ShareRpc.Server;

/// <summary>The server cannot start; the message says why and what to do.</summary>
public sealed class ServerStartException(string message) : Exception(message);
