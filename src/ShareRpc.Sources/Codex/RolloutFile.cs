using ShareRpc.Sources.Following;
using ZstdSharp;

namespace ShareRpc.Sources.Codex;

/// <summary>A rollout file, plain or compressed: both hold the same lines at the same offsets.</summary>
/// <param name="File">As listed.</param>
/// <param name="Head">What it says first.</param>
internal sealed record RolloutFile(ListedFile File, RolloutHead Head)
{
    private const long MaxExpanded = 4L * 1024 * 1024 * 1024;

    public bool IsCompressed => IsZstd(File.Path);

    /// <summary>Opens the content as a stream.</summary>
    public static Stream OpenStream(string path)
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return IsZstd(path) ? new DecompressionStream(stream, leaveOpen: false) : stream;
    }

    /// <summary>
    /// Opens the lines; a compressed file is expanded into a temporary one, which is gone when it is closed.
    /// </summary>
    public LineFile Open()
    {
        if (!IsCompressed) return LineFile.Open(File.Path);
        string folder = Directory.CreateTempSubdirectory("sharerpc-").FullName; // 0700
        try
        {
            string expanded = Path.Combine(folder, "rollout.jsonl");
            using (Stream source = OpenStream(File.Path))
            using (var target = new FileStream(expanded, FileMode.CreateNew, FileAccess.Write))
                Copy(source, target);
            return LineFile.Open(expanded);
        }
        catch (ZstdException error)
        {
            throw new InvalidDataException("The compressed file is damaged.", error);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Copy(Stream source, Stream target)
    {
        byte[] buffer = new byte[128 * 1024];
        long copied = 0;
        while (source.Read(buffer) is var read and > 0)
        {
            copied += read;
            if (copied > MaxExpanded) throw new InvalidDataException("The compressed file is too large.");
            target.Write(buffer, 0, read);
        }
    }

    private static bool IsZstd(string path) => path.EndsWith(".zst", StringComparison.Ordinal);
}
