using System.Buffers.Binary;
using System.Text;

namespace ShareRpc.EndToEndTests.Disk;

/// <summary>What a process did to its files, in order; its last record may be torn, since it was killed.</summary>
internal static class DiskJournal
{
    private const int Header = 32;

    public static IReadOnlyList<DiskRecord> Read(string path)
    {
        ReadOnlyMemory<byte> bytes = File.ReadAllBytes(path);
        var records = new List<DiskRecord>();
        int at = 0;
        while (bytes.Length - at >= Header)
        {
            ReadOnlySpan<byte> header = bytes.Span.Slice(at, Header);
            int pathLength = (int)BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
            int dataLength = (int)BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
            int end = at + Header + pathLength + dataLength;
            if (end > bytes.Length) break;
            var type = (DiskChange)header[0];
            string name = Encoding.UTF8.GetString(bytes.Span.Slice(at + Header, pathLength));
            if (type is DiskChange.Found or DiskChange.Unmodelled)
                throw new InvalidDataException($"not modelled: {type} {name}");
            long file = (long)BinaryPrimitives.ReadUInt64LittleEndian(header[16..]);
            long offset = (long)BinaryPrimitives.ReadUInt64LittleEndian(header[24..]);
            records.Add(
                new DiskRecord(type, file, offset, name, bytes.Slice(at + Header + pathLength, dataLength), end));
            at = end;
        }

        return records;
    }
}
