namespace ShareRpc.Sources.Following;

/// <summary>Gathers changes into steps of bounded size; of a document that changes twice, the later form.</summary>
internal sealed class ChangeBuffer
{
    private const int StepChanges = 400;
    private const long StepBytes = 3 * 1024 * 1024;

    private readonly OrderedDictionary<(string Kind, string Key), DocumentChange> changes = [];
    private long bytes;

    /// <summary>Gets whether it is time for a step.</summary>
    public bool IsFull => changes.Count >= StepChanges || bytes >= StepBytes;

    /// <summary>Gets whether nothing changed.</summary>
    public bool IsEmpty => changes.Count == 0;

    public void Add(DocumentChange change)
    {
        bytes += change.Data?.Utf8.Length ?? 0;
        if (changes.TryGetValue((change.Kind, change.Key), out DocumentChange? before))
            bytes -= before.Data?.Utf8.Length ?? 0;
        changes[(change.Kind, change.Key)] = change;
    }

    /// <summary>Empties the buffer.</summary>
    public SourceStep Take(string bookmark)
    {
        var step = new SourceStep([.. changes.Values], bookmark);
        changes.Clear();
        bytes = 0;
        return step;
    }
}
