namespace ShareRpc.Client.Reading;

/// <summary>
/// The log up to <see cref="Cursor"/> has lost its data: read the state, then follow from that cursor.
/// </summary>
public sealed class ShareGapException(long cursor)
    : Exception($"The ops up to cursor {cursor} are no longer kept; read the state instead.")
{
    public long Cursor { get; } = cursor;
}
