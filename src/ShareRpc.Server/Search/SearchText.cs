using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access.Redaction;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Search;

/// <summary>
/// Finds what people read in a document, and who sees it: a text belongs to the first layer whose readers see its
/// field, by the lists that redaction itself goes by (<see cref="KnownFields"/>).
/// </summary>
internal static class SearchText
{
    /// <summary>Ids and other words of machines.</summary>
    private static readonly HashSet<string> Unread = new(StringComparer.Ordinal)
    {
        "id", "sessionID", "messageID", "callID", "parentID", "projectID", "providerID", "modelID", "type", "role",
        "slug", "version", "hash", "snapshot", "mime", "agent_session", "status", "finish", "variant", "writer_id",
        "outcome", "agent_version",
    };

    /// <summary>What the readers of a layer have hidden from them at most, in the order of the layers.</summary>
    private static readonly (SearchLayer Layer, HiddenContent Hidden)[] Layers =
    [
        (SearchLayer.Plain, HiddenContent.Tools | HiddenContent.Reasoning | HiddenContent.Files),
        (SearchLayer.Reasoning, HiddenContent.Tools | HiddenContent.Files),
        (SearchLayer.Tool, HiddenContent.Reasoning),
        (SearchLayer.File, HiddenContent.Tools | HiddenContent.Reasoning),
    ];

    /// <summary>Returns the layers that all see who see this one, without itself.</summary>
    public static IEnumerable<SearchLayer> Below(SearchLayer layer) => layer switch
    {
        SearchLayer.Plain => [],
        SearchLayer.Tool => [SearchLayer.Plain, SearchLayer.File],
        SearchLayer.Rest => Layers.Select(other => other.Layer),
        _ => [SearchLayer.Plain],
    };

    /// <summary>Returns the layers whose text a reader may see; none where fields are named one by one.</summary>
    public static IReadOnlyList<SearchLayer> Visible(ReadProfile profile)
    {
        if (profile.NamesFields) return [];
        if (profile.IsEverything) return Enum.GetValues<SearchLayer>();
        return [.. Layers.Where(layer => profile.HidesAtMost(layer.Hidden)).Select(layer => layer.Layer)];
    }

    /// <summary>
    /// Hands over each text of a document with its layer, in its order; of each layer up to a number of characters, so
    /// that what others do not see makes no difference.
    /// </summary>
    public static void Read(
        string kind, ContentClass contentClass, RawJson data, int mostChars, Action<SearchLayer, string> take)
    {
        if (kind == Kinds.Turn) return;
        bool isHidden = contentClass == ContentClass.Absent || contentClass.HasFlag(ContentClass.Undone);
        ContentClass about = ContentClasses.Unmarked(contentClass);
        FieldTree?[] trees = isHidden ? new FieldTree?[Layers.Length]
            : [.. Layers.Select(layer =>
                LayerHas(layer.Layer, about) ? KnownFields.Of(kind, about, layer.Hidden) : null)];
        using JsonDocument document = data.ToDocument();
        var left = new Dictionary<SearchLayer, int>();
        Walk(document.RootElement, trees, layer => left.GetValueOrDefault(layer, mostChars) > 0, (layer, text) =>
        {
            int chars = left.GetValueOrDefault(layer, mostChars);
            if (text.Length > chars) text = text[..chars];
            left[layer] = chars - text.Length;
            take(layer, text);
        });
    }

    /// <summary>Tools hide files, so a file's text is no tool's; the reverse holds for both.</summary>
    private static bool LayerHas(SearchLayer layer, ContentClass about) => layer switch
    {
        SearchLayer.Reasoning => about == ContentClass.Reasoning,
        SearchLayer.Tool => about == ContentClass.Tool,
        _ => true,
    };

    private static void Walk(
        JsonElement value, FieldTree?[] trees, Func<SearchLayer, bool> isWanted, Action<SearchLayer, string> take)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty member in value.EnumerateObject())
                {
                    string? name = TextOf(() => member.Name);
                    if (name is not null && Unread.Contains(name)) continue;
                    Walk(member.Value, [.. trees.Select(tree => name is null ? null : tree?.Find(name))],
                        isWanted, take);
                }

                break;
            case JsonValueKind.Array:
                foreach (JsonElement element in value.EnumerateArray())
                    Walk(element, trees, isWanted, take);
                break;
            case JsonValueKind.String:
                int shown = Array.FindIndex(trees, tree => tree is { Type: FieldType.Text or FieldType.Anything });
                SearchLayer layer = shown < 0 ? SearchLayer.Rest : Layers[shown].Layer;
                string? text = isWanted(layer) ? TextOf(value.GetString) : null;
                if (text is { Length: > 0 } && !text.StartsWith("data:", StringComparison.Ordinal)) take(layer, text);
                break;
        }
    }

    /// <summary>Returns null for text with a lone surrogate.</summary>
    private static string? TextOf(Func<string?> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
