namespace ShareRpc.Client.Writing.Outbox;

/// <summary>The outbox stored nothing; the message names a remedy.</summary>
public sealed class OutboxException(string message, Exception? inner = null) : Exception(message, inner);
