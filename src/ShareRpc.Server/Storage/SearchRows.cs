namespace ShareRpc.Server.Storage;

/// <summary>
/// Which readers see a text: each has an index of its own, so that a search touches nothing that its caller may not
/// see. Stored: keep the numbers.
/// </summary>
internal enum SearchLayer
{
    /// <summary>Whoever reads the share, whatever is redacted.</summary>
    Plain = 0,

    Reasoning = 1,

    Tool = 2,

    File = 3,

    /// <summary>Only who sees everything: unknown kinds and fields, and what was taken back.</summary>
    Rest = 4,
}

/// <summary>
/// The words of a document, by layer, each word once; none: the document leaves the index. Those of a layer are also
/// those of the layers that all its readers see, so that one layer holds all words of a search.
/// </summary>
internal sealed record SearchEntry(
    string Kind, string Key, long Cursor, IReadOnlyDictionary<SearchLayer, IReadOnlyCollection<string>> Words);

/// <summary>All words in one document and layer.</summary>
internal sealed record SearchQuery(IReadOnlyList<string> Words, IReadOnlyList<SearchLayer> Layers);

/// <summary>Where a document is in the index.</summary>
internal sealed record SearchPlace(long ShareKey, long Cursor, string Kind, string Key);
