namespace ShareRpc.Client.Writing.Sending;

/// <summary>
/// Tells whether the holder of a lease lives: it keeps a file beside the outbox open that no other process can open
/// meanwhile, which ends with the process. Without the file nothing is known, and the lease ends by its time.
/// </summary>
internal sealed class HolderFile(string outboxPath, string holder) : IDisposable
{
    private FileStream? held;

    /// <summary>Makes the file of this holder; does nothing if it is there, or if no file can be made.</summary>
    public void Hold()
    {
        if (held is not null) return;
        try
        {
            held = new FileStream(PathOf(holder), new FileStreamOptions
            {
                Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0,
                UnixCreateMode = OperatingSystem.IsWindows()
                    ? null : UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Others wait for the end of the lease.
        }
    }

    /// <summary>Returns whether another holder's process has ended without giving its lease back.</summary>
    public bool IsDead(string other)
    {
        if (other == holder || !Guid.TryParse(other, out _)) return false;
        try
        {
            using var file = new FileStream(PathOf(other), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Removes what a dead holder left.</summary>
    public void Remove(string dead)
    {
        try
        {
            File.Delete(PathOf(dead));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is empty, and in nobody's way.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (held is null) return;
        held.Dispose();
        Remove(holder);
    }

    private string PathOf(string whose) => $"{outboxPath}.sender-{whose}";
}
