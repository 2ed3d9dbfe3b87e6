namespace ShareRpc.EndToEndTests.Disk;

/// <summary>A file of a disk: what is certain, and what was done to it since its last sync.</summary>
internal sealed class DiskFile
{
    private byte[] bytes = [];
    private int length;

    public List<DiskRecord> Unsynced { get; } = [];

    public byte[] Content => bytes[..length];

    /// <summary>Everything so far is certain now.</summary>
    public void Sync()
    {
        Unsynced.ForEach(Apply);
        Unsynced.Clear();
    }

    public void Apply(DiskRecord change)
    {
        int end = (int)change.Offset + change.Data.Length;
        if (end > bytes.Length) Array.Resize(ref bytes, Math.Max(end, bytes.Length * 2));
        if (change.Type == DiskChange.Truncate && end < length) bytes.AsSpan(end, length - end).Clear();
        change.Data.Span.CopyTo(bytes.AsSpan((int)change.Offset));
        length = change.Type == DiskChange.Truncate ? end : Math.Max(length, end);
    }
}
