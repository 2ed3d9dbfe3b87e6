namespace ShareRpc.Server.Checking;

/// <summary>A share while it is checked.</summary>
internal sealed record CheckedShare(long Key, string ShareId, long Folded)
{
    /// <summary>Ops up to here may have lost their data to compaction when later ones say what their document is.</summary>
    public long Compacted { get; init; }
}
