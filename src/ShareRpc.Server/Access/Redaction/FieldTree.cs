using System.Buffers;
using System.Text;

namespace ShareRpc.Server.Access.Redaction;

/// <summary>What a listed field may hold; a value of another type is hidden. Null is of every type.</summary>
internal enum FieldType
{
    /// <summary>An object, or an array of objects, of which the listed members are shown.</summary>
    Members,

    Text,

    Number,

    Flag,

    Anything,
}

/// <summary>An allow-list of typed members, nested: what is not in it, or of another type, is left out.</summary>
internal sealed class FieldTree
{
    private readonly Dictionary<string, FieldTree> fields = new(StringComparer.Ordinal);

    private FieldTree(FieldType type)
    {
        Type = type;
    }

    /// <summary>Everything, whatever it is.</summary>
    public static FieldTree All { get; } = new(FieldType.Anything);

    public FieldType Type { get; }

    public bool IsAll => Type == FieldType.Anything;

    /// <summary>
    /// Builds the tree of paths with dots between the names: <c>state.status</c> is a string,
    /// <c>cost:number</c>, <c>auto:flag</c> and <c>state.input:any</c> are what they say.
    /// </summary>
    public static FieldTree Of(IEnumerable<string> paths)
    {
        var tree = new FieldTree(FieldType.Members);
        foreach (string path in paths)
        {
            string[] parts = path.Split(':');
            tree.Add(parts[0].Split('.'), parts.Length == 1 ? FieldType.Text : TypeOf(parts[1]));
        }

        return tree;
    }

    /// <summary>Returns what may be seen of a member; null for nothing.</summary>
    public FieldTree? Find(string name) => IsAll ? All : fields.GetValueOrDefault(name);

    /// <summary>Likewise, for a name without escapes.</summary>
    public FieldTree? Find(ReadOnlySpan<byte> utf8)
    {
        if (IsAll) return All;
        Span<char> name = stackalloc char[utf8.Length];
        if (Ascii.ToUtf16(utf8, name, out _) != OperationStatus.Done) return null; // all listed names are ASCII
        return fields.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out FieldTree? found) ? found : null;
    }

    private static FieldType TypeOf(string word) => word switch
    {
        "number" => FieldType.Number,
        "flag" => FieldType.Flag,
        "any" => FieldType.Anything,
        _ => throw new ArgumentOutOfRangeException(nameof(word), word, null),
    };

    private void Add(ReadOnlySpan<string> names, FieldType type)
    {
        if (names.Length == 1)
        {
            fields.Add(names[0], type == FieldType.Anything ? All : new FieldTree(type));
            return;
        }

        if (!fields.TryGetValue(names[0], out FieldTree? child))
        {
            fields.Add(names[0], child = new FieldTree(FieldType.Members));
        }

        child.Add(names[1..], type);
    }
}
