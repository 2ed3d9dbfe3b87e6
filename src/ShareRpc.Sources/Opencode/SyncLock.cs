namespace ShareRpc.Sources.Opencode;

/// <summary>
/// Held from reading a bookmark to enqueueing what follows from it: two processes that share an outbox would otherwise
/// put an older reading of a row after a newer one. A file lock beside the outbox; the system releases it when its
/// process dies.
/// </summary>
internal static class SyncLock
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(25);

    /// <summary>Waits until no other process holds the file; dispose to release.</summary>
    public static async Task<IDisposable> TakeAsync(string path, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            }
            catch (IOException) when (File.Exists(path))
            {
                await Task.Delay(RetryInterval, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
