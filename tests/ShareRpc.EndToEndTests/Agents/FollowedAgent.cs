using ShareRpc.Sources.Following;

namespace ShareRpc.EndToEndTests.Agents;

/// <summary>
/// Follows the one session of an agent while its program writes: each look by a reader that knows nothing but the
/// bookmark, as after a kill.
/// </summary>
internal sealed class FollowedAgent(Func<IAgentStorage?> open)
{
    private readonly ShownDocuments documents = new();
    private string? bookmark;

    /// <inheritdoc cref="ShownDocuments.Shown"/>
    public IReadOnlyList<string> Shown => documents.Shown;

    /// <inheritdoc cref="ShownDocuments.Turns"/>
    public IReadOnlyList<string> Turns => documents.Turns;

    /// <summary>Reads, look after look, until it is cancelled.</summary>
    public Task FollowAsync(CancellationToken cancellationToken) => Until.TrueAsync(
        () =>
        {
            Look();
            return cancellationToken.IsCancellationRequested;
        },
        CancellationToken.None);

    /// <summary>Reads what is new; returns the number of documents that changed.</summary>
    public int Look()
    {
        if (open() is not { } storage || storage.Sessions() is not [{ } session, ..]) return 0;
        using ISessionReader reader = storage.Open(session, bookmark);
        int changed = 0;
        foreach (SourceStep step in reader.Read())
        {
            changed += step.Changes.Count(change => documents.Apply(change.Kind, change.Key, change.Data));
            bookmark = step.Bookmark;
        }

        Assert.Empty(reader.Report.Unknown);
        return changed;
    }
}
