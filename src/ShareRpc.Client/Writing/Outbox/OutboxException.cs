namespace ShareRpc.Client.Writing.Outbox;

/// <summary>
/// The outbox cannot take or keep what it was given; the message says why and what to do. Nothing of the call was stored.
/// </summary>
public sealed class OutboxException(string message) : Exception(message);
