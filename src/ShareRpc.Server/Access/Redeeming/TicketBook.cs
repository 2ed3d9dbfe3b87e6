using System.Security.Cryptography;
using System.Text;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Server.Access.Redeeming;

/// <summary>
/// Resume tickets, in memory only and by their SHA-256. A ticket replaces the secret check and nothing else: ref, ancestors, epochs and
/// expiry are read from the rows every time. Bounded: the oldest goes first.
/// </summary>
internal sealed class TicketBook(ServerLimits limits, TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, LinkedListNode<(string Name, Entry Entry)>> entries = new(StringComparer.Ordinal);
    private readonly LinkedList<(string Name, Entry Entry)> order = new();

    /// <summary>A new ticket; one that renews another keeps its absolute end.</summary>
    public string Issue(long refKey, long epoch, DateTimeOffset? end)
    {
        string ticket = ResumeTicket.New();
        string name = NameOf(ticket);
        lock (gate)
        {
            while (order.Count >= limits.Tickets && order.First is { } oldest) Remove(oldest);
            entries.Add(name, order.AddLast((name, new Entry(refKey, epoch, end ?? time.GetUtcNow() + limits.TicketLife))));
        }

        return ticket;
    }

    /// <summary>Takes a ticket: it works once, and its redemption issues the next. Null when unknown, used or past its end.</summary>
    public Entry? Take(string ticket)
    {
        if (!ResumeTicket.IsValid(ticket)) return null;
        lock (gate)
        {
            if (!entries.TryGetValue(NameOf(ticket), out LinkedListNode<(string Name, Entry Entry)>? node)) return null;
            Remove(node);
            return node.Value.Entry.End > time.GetUtcNow() ? node.Value.Entry : null;
        }
    }

    private void Remove(LinkedListNode<(string Name, Entry Entry)> node)
    {
        entries.Remove(node.Value.Name);
        order.Remove(node);
    }

    // Looked up by hash, so that the look-up's timing says nothing about tickets.
    private static string NameOf(string ticket) => Convert.ToHexString(SHA256.HashData(Encoding.ASCII.GetBytes(ticket)));

    internal sealed record Entry(long RefKey, long Epoch, DateTimeOffset End);
}
