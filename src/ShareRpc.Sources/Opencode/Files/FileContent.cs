using ShareRpc.Protocol.Limits;

namespace ShareRpc.Sources.Opencode.Files;

/// <summary>Reads a file whole, up to a bound.</summary>
internal static class FileContent
{
    /// <summary>The files are indented: what fits an op may be larger in its file.</summary>
    public static readonly int MaxBytes = 2 * ProtocolLimits.Default.OpBytes;

    /// <summary>The bytes, or why there are none.</summary>
    public static (byte[]? Bytes, SkipReason? Reason) Read(StorageFile file)
    {
        try
        {
            var info = new FileInfo(file.FullPath);
            if (info.LinkTarget is not null) return (null, SkipReason.SymbolicLink);

            // Pipes and devices have no length: opening one could wait for ever.
            if (info.Length == 0) return (null, SkipReason.NotJson);
            if (info.Length > MaxBytes) return (null, SkipReason.TooLarge);
            var options = new FileStreamOptions
            {
                Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0,
            };
            using var stream = new FileStream(file.FullPath, options);
            using var bytes = new MemoryStream((int)info.Length);
            byte[] chunk = new byte[64 * 1024];
            for (int read = stream.Read(chunk); read > 0; read = stream.Read(chunk))
            {
                bytes.Write(chunk, 0, read);
                if (bytes.Length > MaxBytes) return (null, SkipReason.TooLarge);
            }

            return bytes.Length == 0 ? (null, SkipReason.NotJson) : (bytes.ToArray(), null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return (null, SkipReason.Unreadable);
        }
    }
}
