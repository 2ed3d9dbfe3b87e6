namespace ShareRpc.Server.Memory;

/// <summary>
/// A message or body while it arrives: one piece of memory that grows with what has come, and counts against an
/// account. Not thread-safe.
/// </summary>
/// <param name="account">What it counts against; only this uses it.</param>
/// <param name="mostBytes">The longest that may arrive.</param>
internal sealed class ReceivedBytes(MemoryAccount account, int mostBytes)
{
    private const int FirstBytes = 4_096;
    private byte[] bytes = [];
    private int length;

    public ReadOnlyMemory<byte> Written => bytes.AsMemory(0, length);

    /// <summary>Where the next bytes go; empty when <see cref="GrowAsync"/> must come first.</summary>
    public Memory<byte> Free => bytes.AsMemory(length);

    public void Advance(int count)
    {
        length += count;
        account.NoteArrived(count);
    }

    /// <summary>Makes room; false when there was none in time.</summary>
    public async ValueTask<bool> GrowAsync(CancellationToken cancellationToken)
    {
        // One more byte, since the end of a message may come after its last byte.
        int size = (int)Math.Min(Math.Max(FirstBytes, bytes.Length * 2L), Math.Max(FirstBytes, mostBytes + 1L));
        if (!await account.GrowAsync(size, cancellationToken).ConfigureAwait(false)) return false;
        byte[] larger = LargeBuffers.Rent(size);
        bytes.AsSpan(0, length).CopyTo(larger);
        LargeBuffers.Return(bytes);
        account.Shrink(account.Held - size);
        bytes = larger;
        return true;
    }

    /// <summary>Counts the copies that are about to be made of it; false when there was no room in time.</summary>
    public ValueTask<bool> CountCopyAsync(CancellationToken cancellationToken) =>
        length <= FirstBytes ? ValueTask.FromResult(true) : account.GrowAsync(length, cancellationToken);

    /// <summary>Nobody looks at it any more.</summary>
    public void GiveBack()
    {
        LargeBuffers.Return(bytes);
        (bytes, length) = ([], 0);
        account.Shrink(long.MaxValue);
    }
}
