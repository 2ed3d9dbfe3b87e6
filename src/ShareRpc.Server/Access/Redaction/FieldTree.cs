namespace ShareRpc.Server.Access.Redaction;

/// <summary>An allow-list of members, nested: what is not in it is left out.</summary>
internal sealed class FieldTree
{
    private readonly Dictionary<string, FieldTree> fields = new(StringComparer.Ordinal);

    private FieldTree(bool isAll)
    {
        IsAll = isAll;
    }

    /// <summary>Everything, whatever it is.</summary>
    public static FieldTree All { get; } = new(isAll: true);

    public bool IsAll { get; }

    /// <summary>
    /// Paths with dots between the names, <c>state.status</c> for instance; a path without more below it lets all of it through.
    /// </summary>
    public static FieldTree Of(IEnumerable<string> paths)
    {
        var tree = new FieldTree(isAll: false);
        foreach (string path in paths) tree.Add(path.Split('.'));
        return tree;
    }

    /// <summary>What may be seen of a member; null for nothing.</summary>
    public FieldTree? Find(string name) => IsAll ? All : fields.GetValueOrDefault(name);

    private void Add(ReadOnlySpan<string> names)
    {
        if (names.Length == 1)
        {
            fields[names[0]] = All;
            return;
        }

        if (!fields.TryGetValue(names[0], out FieldTree? child)) fields.Add(names[0], child = new FieldTree(isAll: false));
        if (!child.IsAll) child.Add(names[1..]);
    }
}
