namespace ShareRpc.Client.Writing.Sending;

/// <summary>
/// Tells whether the holder of a lease lives: it keeps a file beside the outbox locked, which ends with the process.
/// Where the file system honours no locks nothing is known, and the lease ends by its time.
/// </summary>
/// <param name="outboxPath">The file of the outbox.</param>
/// <param name="holder">The id of this holder, a UUID.</param>
/// <param name="open">Opens a file that none other may open meanwhile; null for that of the system.</param>
internal sealed class HolderFile(string outboxPath, string holder, Func<string, FileMode, FileStream>? open = null)
    : IDisposable
{
    private readonly Func<string, FileMode, FileStream> open = open ?? OpenAlone;
    private FileStream? held;

    /// <summary>
    /// Makes the file of this holder; does nothing if it is there, if none can be made, or if its lock keeps nobody
    /// out, as on some network file systems: others would take this holder for dead.
    /// </summary>
    public void Hold()
    {
        if (held is not null) return;
        string path = PathOf(holder);
        try
        {
            FileStream made = open(path, FileMode.CreateNew);
            if (CanOpen(path))
            {
                made.Dispose();
                Remove(holder);
            }
            else
            {
                held = made;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Others wait for the end of the lease.
        }
    }

    /// <summary>
    /// Returns whether another holder's process has ended without giving its lease back; false without a file of its
    /// own, by which it would know that locks are honoured.
    /// </summary>
    public bool IsDead(string other) =>
        held is not null && other != holder && Guid.TryParse(other, out _) && CanOpen(PathOf(other));

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

    private static FileStream OpenAlone(string path, FileMode mode) => new(path, new FileStreamOptions
    {
        Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0,
        UnixCreateMode = OperatingSystem.IsWindows() || mode != FileMode.CreateNew
            ? null : UnixFileMode.UserRead | UnixFileMode.UserWrite,
    });

    private bool CanOpen(string path)
    {
        try
        {
            using FileStream file = open(path, FileMode.Open);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private string PathOf(string whose) => $"{outboxPath}.sender-{whose}";
}
