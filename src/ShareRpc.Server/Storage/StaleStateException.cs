namespace ShareRpc.Server.Storage;

/// <summary>
/// Others changed what a transaction took for granted, or it met theirs in a deadlock: nothing of it stands, and it is
/// repeated from what is stored now.
/// </summary>
internal sealed class StaleStateException(Exception inner) : Exception("Others changed what was cached.", inner);
