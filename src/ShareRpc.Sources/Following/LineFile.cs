using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace ShareRpc.Sources.Following;

/// <summary>
/// Reads whole lines of a file that its agent appends to, by bytes. A last line without <c>\n</c> is held back. Never
/// keeps others from writing, replacing or deleting the file.
/// </summary>
internal sealed class LineFile : IDisposable
{
    /// <summary>The longest line that is read, in bytes; a longer one is skipped and said so.</summary>
    public const int MaxLine = 64 * 1024 * 1024;

    private const int Chunk = 256 * 1024;
    private const int Probe = 256;

    private readonly SafeFileHandle? file;

    private LineFile(SafeFileHandle? file)
    {
        this.file = file;
    }

    /// <summary>Gets the length in bytes as of now.</summary>
    public long Length => file is null ? 0 : RandomAccess.GetLength(file);

    /// <summary>
    /// Opens a file; throws <see cref="IOException"/> when there is none. An empty one stays closed: it may be a pipe,
    /// which would never open.
    /// </summary>
    public static LineFile Open(string path) => new(ListedFile.Of(path) is { Length: 0 } ? null : File.OpenHandle(
        path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));

    /// <summary>
    /// Returns whether the bytes before a position are still those that were read; false for a file that was
    /// truncated or replaced: it is to be read from the start.
    /// </summary>
    public bool Continues(LinePosition position) =>
        position.Offset == 0 || (position.Offset <= Length && PositionAt(position.Offset) == position);

    /// <summary>Returns the position behind a line, see <see cref="FileLine.End"/>.</summary>
    public LinePosition PositionAt(long offset)
    {
        if (offset == 0) return LinePosition.Start;
        int length = (int)Math.Min(offset, Probe);
        byte[] known = new byte[2 * length];
        int read = ReadAt(known.AsSpan(0, length), 0) + ReadAt(known.AsSpan(length), offset - length);
        return new LinePosition(offset, Convert.ToHexStringLower(SHA256.HashData(known.AsSpan(0, read))[..8]));
    }

    /// <summary>Returns the lines from an offset on, as far as they are there now.</summary>
    /// <param name="offset">The begin of a line.</param>
    /// <param name="isWhole">Says that a last line without <c>\n</c> is complete, as a JSON object is that has its
    /// end; null to hold every such line back.</param>
    public IEnumerable<FileLine> LinesFrom(long offset, Func<ReadOnlyMemory<byte>, bool>? isWhole = null)
    {
        if (file is null) yield break;
        byte[] buffer = new byte[Chunk];
        (int begin, int filled, int searched) = (0, 0, 0);
        bool isTooLong = false;
        while (true)
        {
            int end = buffer.AsSpan(searched, filled - searched).IndexOf((byte)'\n');
            if (end >= 0)
            {
                int length = searched + end - begin;
                long next = offset + length + 1;
                ReadOnlyMemory<byte> line = isTooLong ? default : buffer.AsMemory(begin, length);
                yield return new FileLine(line, next, isTooLong);
                offset = next;
                begin = searched = searched + end + 1;
                isTooLong = false;
                continue;
            }

            if (filled - begin > MaxLine) isTooLong = true;
            if (isTooLong)
            {
                offset += filled - begin;
                begin = filled = 0;
            }
            else
            {
                buffer = Room(buffer, ref begin, ref filled);
            }

            searched = filled;
            int read = RandomAccess.Read(file, buffer.AsSpan(filled), offset + filled - begin);
            if (read == 0)
            {
                ReadOnlyMemory<byte> last = buffer.AsMemory(begin, filled - begin);
                if (!isTooLong && !last.IsEmpty && isWhole?.Invoke(last) == true)
                    yield return new FileLine(last, offset + last.Length, IsTooLong: false);
                yield break;
            }

            filled += read;
        }
    }

    /// <summary>Returns bytes that were read before; fewer if the file was cut.</summary>
    public byte[] Read(long offset, int length)
    {
        byte[] bytes = new byte[length];
        int read = ReadAt(bytes, offset);
        return read == length ? bytes : bytes[..read];
    }

    /// <inheritdoc/>
    public void Dispose() => file?.Dispose();

    /// <summary>Moves what is kept to the front, in a larger buffer if it fills this one.</summary>
    private static byte[] Room(byte[] buffer, ref int begin, ref int filled)
    {
        int kept = filled - begin;
        byte[] target = kept > buffer.Length / 2 ? new byte[buffer.Length * 2] : buffer;
        Buffer.BlockCopy(buffer, begin, target, 0, kept);
        (begin, filled) = (0, kept);
        return target;
    }

    private int ReadAt(Span<byte> target, long offset)
    {
        int read = 0;
        while (file is not null && read < target.Length)
        {
            int more = RandomAccess.Read(file, target[read..], offset + read);
            if (more == 0) break;
            read += more;
        }

        return read;
    }
}

/// <summary>A line without its <c>\n</c>.</summary>
/// <param name="Utf8">Valid until the next line is taken; empty if too long.</param>
/// <param name="End">The offset behind the line.</param>
/// <param name="IsTooLong">The line is longer than <see cref="LineFile.MaxLine"/>.</param>
internal readonly record struct FileLine(ReadOnlyMemory<byte> Utf8, long End, bool IsTooLong);

/// <summary>How far a file was read.</summary>
/// <param name="Offset">In bytes, behind a line.</param>
/// <param name="Digest">Of the first 256 bytes and of the 256 before the offset; empty at the start.</param>
internal sealed record LinePosition(long Offset, string Digest)
{
    public static readonly LinePosition Start = new(0, "");
}
