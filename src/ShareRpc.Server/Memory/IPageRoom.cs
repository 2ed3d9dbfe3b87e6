namespace ShareRpc.Server.Memory;

/// <summary>Counts a large page while it is read from the store and encoded, until its reply is counted.</summary>
internal interface IPageRoom
{
    /// <summary>Takes bytes; false when there is no room for them.</summary>
    bool TryReserve(long bytes);
}
