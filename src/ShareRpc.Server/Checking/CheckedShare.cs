namespace ShareRpc.Server.Checking;

/// <summary>A share while it is checked.</summary>
/// <param name="Key">Its number.</param>
/// <param name="ShareId">Its id.</param>
/// <param name="Folded">The documents hold every op up to here.</param>
/// <param name="Compacted">Ops up to here may have lost their data, if they are not the last one of their document.</param>
internal sealed record CheckedShare(long Key, string ShareId, long Folded, long Compacted);
