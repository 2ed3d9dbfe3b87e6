namespace ShareRpc.EndToEndTests.Disk;

/// <summary>
/// One thing that a process did to its files. What the fields hold depends on the type; see <c>disk_shim.c</c>.
/// </summary>
internal sealed record DiskRecord(DiskChange Type, long File, long Offset, string Path, ReadOnlyMemory<byte> Data,
    long End)
{
    /// <summary>Of a rename: the new path.</summary>
    public string To => System.Text.Encoding.UTF8.GetString(Data.Span);
}
