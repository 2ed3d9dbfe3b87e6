using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Commit;

/// <summary>The keys of a share's comments, by what they are on.</summary>
internal sealed class ShareComments
{
    private readonly Dictionary<(string Kind, string Key), HashSet<string>> byTarget = [];

    public int Count { get; private set; }

    public bool AreOn(string kind, string key) => Count > 0 && byTarget.ContainsKey((kind, key));

    public IReadOnlyCollection<string> On(string kind, string key) =>
        byTarget.TryGetValue((kind, key), out HashSet<string>? keys) ? keys : [];

    public void Set(string key, bool isThere)
    {
        // One from before comments had a form is on nothing.
        if (!CommentKey.TryParse(key, out CommentKey? comment)) return;
        (string, string) target = (comment.Kind, comment.Key);
        if (!byTarget.TryGetValue(target, out HashSet<string>? keys))
        {
            if (!isThere) return;
            byTarget.Add(target, keys = new(StringComparer.Ordinal));
        }

        if (isThere ? keys.Add(key) : keys.Remove(key)) Count += isThere ? 1 : -1;
        if (keys.Count == 0) byTarget.Remove(target);
    }
}
