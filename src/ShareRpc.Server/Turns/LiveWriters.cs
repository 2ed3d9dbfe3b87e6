using System.Collections.Concurrent;

namespace ShareRpc.Server.Turns;

/// <summary>Writers with a handle on any connection.</summary>
internal sealed class LiveWriters
{
    private readonly ConcurrentDictionary<(long ShareKey, string WriterId), int> handles = new();

    public int Count => handles.Count;

    public IReadOnlyCollection<(long ShareKey, string WriterId)> All => [.. handles.Keys];

    public bool IsLive(long shareKey, string writerId) => handles.ContainsKey((shareKey, writerId));

    public void Add(long shareKey, string writerId) =>
        handles.AddOrUpdate((shareKey, writerId), 1, (_, count) => count + 1);

    public void Remove(long shareKey, string writerId)
    {
        (long, string) key = (shareKey, writerId);
        while (handles.TryGetValue(key, out int count))
        {
            if (count > 1
                ? handles.TryUpdate(key, count - 1, count) : handles.TryRemove(KeyValuePair.Create(key, count))) return;
        }
    }
}
