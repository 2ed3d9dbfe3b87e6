using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access.Redaction;
using ShareRpc.Server.Memory;

namespace ShareRpc.Server.Read;

/// <summary>
/// Newest pages of a share's subscribers: each is encoded once, and its bytes go to all who wish for it. Bounded in
/// pages and bytes, which count against the memory budget. Thread-safe.
/// </summary>
internal sealed class SharedPages(ServerLimits limits, MemoryBudget memory)
{
    private const int MaxPages = 16;

    /// <summary>A page that is smaller is made anew when there are more ops: slow readers get larger ones.</summary>
    private const int SmallBytes = 16 * 1024;

    private readonly Lock gate = new();
    private readonly List<SharedPage> pages = [];
    private long bytes;
    private bool isClosed;

    /// <summary>Returns null when there is no page that suits.</summary>
    public SharedPage? Find(ReadProfile profile, PageWish wish, long head)
    {
        lock (gate) return FindIn(profile, wish, head);
    }

    /// <summary>Returns the page; makes it once though several threads ask. Null when it cannot be made.</summary>
    /// <param name="profile">What the reader may see.</param>
    /// <param name="wish">Which page.</param>
    /// <param name="head">The share's head.</param>
    /// <param name="read">Reads the ops from memory.</param>
    public SharedPage? FindOrMake(ReadProfile profile, PageWish wish, long head, Func<OpPage?> read)
    {
        lock (gate)
        {
            if (FindIn(profile, wish, head) is { } known) return known;
            return read() is { } page ? Add(PageMessage.Encode(profile, wish, page)) : null;
        }
    }

    /// <summary>Forgets all pages, for good if nobody uses the share; returns how many bytes that gave back.</summary>
    public long Clear(bool forGood)
    {
        long cleared;
        lock (gate)
        {
            isClosed |= forGood;
            pages.Clear();
            (cleared, bytes) = (bytes, 0);
        }

        memory.ReleaseCached(cleared);
        return cleared;
    }

    private SharedPage? FindIn(ReadProfile profile, PageWish wish, long head)
    {
        for (int i = pages.Count - 1; i >= 0; i--)
        {
            SharedPage page = pages[i];
            if (page.Wish != wish || page.Profile != profile.Name) continue;
            return page.Cursor >= head || page.Bytes >= SmallBytes ? page : null;
        }

        return null;
    }

    private SharedPage Add(SharedPage page)
    {
        int size = page.Message.Length;
        if (isClosed || size > limits.RingBytes || !memory.TryCache(size)) return page;
        long before = bytes;
        pages.Add(page);
        bytes += size;
        while (pages.Count > MaxPages || bytes > limits.RingBytes)
        {
            bytes -= pages[0].Message.Length;
            pages.RemoveAt(0);
        }

        if (before + size > bytes) memory.ReleaseCached(before + size - bytes);
        return page;
    }
}
