namespace ShareRpc.Sources.Following;

/// <summary>Reads the first lines of a stream, as far as memory allows it of content that nobody vouches for.</summary>
internal static class HeadLines
{
    /// <summary>The most bytes of a line; nothing is read of a longer one, nor behind it.</summary>
    private const int MostBytes = 8 * 1024 * 1024;

    private const int Chunk = 64 * 1024;

    /// <summary>Returns lines without their <c>\n</c>, each valid until the next; the last one may have none.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Of(Stream stream)
    {
        byte[] buffer = new byte[Chunk];
        (int begin, int filled) = (0, 0);
        while (true)
        {
            int length = buffer.AsSpan(begin, filled - begin).IndexOf((byte)'\n');
            if (length >= 0)
            {
                yield return buffer.AsMemory(begin, length);
                begin += length + 1;
                continue;
            }

            buffer.AsSpan(begin, filled - begin).CopyTo(buffer);
            (begin, filled) = (0, filled - begin);
            if (filled >= MostBytes) yield break;
            if (filled == buffer.Length) Array.Resize(ref buffer, 2 * buffer.Length);
            int read = stream.Read(buffer, filled, buffer.Length - filled);
            if (read == 0)
            {
                if (filled > 0) yield return buffer.AsMemory(0, filled);
                yield break;
            }

            filled += read;
        }
    }
}
