namespace ShareRpc.Sources.Following;

/// <summary>
/// A file lock from reading a bookmark to enqueueing; without it, another process could put an older row later.
/// Released when the process ends.
/// </summary>
internal static class SyncLock
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(25);

    public static async Task<IDisposable> TakeAsync(string path, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, new FileStreamOptions
                {
                    Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0,
                    UnixCreateMode = OperatingSystem.IsWindows()
                        ? null : UnixFileMode.UserRead | UnixFileMode.UserWrite,
                });
            }
            catch (IOException) when (File.Exists(path))
            {
                await Task.Delay(RetryInterval, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
