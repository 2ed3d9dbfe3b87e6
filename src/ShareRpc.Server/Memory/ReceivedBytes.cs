namespace ShareRpc.Server.Memory;

/// <summary>
/// A message or body while it arrives: one piece of memory that grows with what has come, and counts against an
/// account. Not thread-safe.
/// </summary>
/// <param name="open">Returns the account; called when something is to be counted, once until it is given back.</param>
/// <param name="mostBytes">The longest that may arrive.</param>
/// <param name="uncounted">Up to this size it is part of what its connection counts.</param>
internal sealed class ReceivedBytes(Func<MemoryAccount> open, int mostBytes, int uncounted)
{
    public const int FirstBytes = 4_096;
    private byte[] bytes = [];
    private int length;

    public ReadOnlyMemory<byte> Written => bytes.AsMemory(0, length);

    /// <summary>Returns where the next bytes go; empty when <see cref="GrowAsync"/> must come first.</summary>
    public Memory<byte> Free => bytes.AsMemory(length);

    /// <summary>Returns what it counts against, if something is counted.</summary>
    public MemoryAccount? Account { get; private set; }

    public void Advance(int count)
    {
        length += count;
        Account?.NoteArrived(count);
    }

    /// <summary>Makes room; false when there was none in time.</summary>
    public async ValueTask<bool> GrowAsync(CancellationToken cancellationToken)
    {
        // One more byte, since the end of a message may come after its last byte.
        int size = (int)Math.Min(Math.Max(FirstBytes, bytes.Length * 2L), Math.Max(FirstBytes, mostBytes + 1L));
        if (size > uncounted)
        {
            Account ??= open();
            if (!await Account.GrowAsync(size, cancellationToken).ConfigureAwait(false)) return false;
        }

        byte[] larger = LargeBuffers.Rent(size);
        bytes.AsSpan(0, length).CopyTo(larger);
        LargeBuffers.Return(bytes);
        Account?.Shrink(Account.Held - size);
        bytes = larger;
        return true;
    }

    /// <summary>Counts the copies that are about to be made of it; false when there was no room in time.</summary>
    public ValueTask<bool> CountCopyAsync(CancellationToken cancellationToken) => length <= FirstBytes
        ? ValueTask.FromResult(true) : (Account ??= open()).GrowAsync(length, cancellationToken);

    /// <summary>Ends its use; the account keeps that many bytes of what it holds.</summary>
    public MemoryAccount? GiveBack(long kept = 0)
    {
        LargeBuffers.Return(bytes);
        (bytes, length) = ([], 0);
        MemoryAccount? account = Account;
        account?.Shrink(Math.Max(0, account.Held - kept)); // it may have been disposed since it was kept
        Account = null;
        return account;
    }
}
