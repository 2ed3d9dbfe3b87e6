using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Redeeming;

/// <summary>
/// Digests that Argon2 has lately found right, so that a caller who brings its token with every request does not pay for it every time. In
/// memory only, by digest, which redeems nothing. It replaces the slow check alone: the keyed tag, epoch, ancestors, expiry and the share
/// are looked at anew. Bounded: the oldest goes first. Any thread.
/// </summary>
internal sealed class VerifiedTokens(ServerLimits limits, TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Entry> entries = new(StringComparer.Ordinal);
    private readonly Queue<(string Digest, DateTimeOffset End)> order = new();

    /// <summary>True when the digest was found right for this ref, in this epoch and with this verifier, not too long ago.</summary>
    public bool Knows(RefRow row, string digest)
    {
        lock (gate)
        {
            return entries.TryGetValue(digest, out Entry? entry) && entry.End > time.GetUtcNow()
                && entry.RefKey == row.Key && entry.Epoch == row.Epoch && entry.Verifier == row.Verifier;
        }
    }

    public void Add(RefRow row, string digest)
    {
        DateTimeOffset end = time.GetUtcNow() + limits.VerifiedTokenLife;
        lock (gate)
        {
            while (order.TryPeek(out (string Digest, DateTimeOffset End) oldest)
                && (order.Count >= limits.VerifiedTokens || oldest.End <= time.GetUtcNow()))
            {
                order.Dequeue();
                if (entries.TryGetValue(oldest.Digest, out Entry? entry) && entry.End == oldest.End) entries.Remove(oldest.Digest);
            }

            entries[digest] = new Entry(row.Key, row.Epoch, row.Verifier, end);
            order.Enqueue((digest, end));
        }
    }

    private sealed record Entry(long RefKey, long Epoch, string Verifier, DateTimeOffset End);
}
