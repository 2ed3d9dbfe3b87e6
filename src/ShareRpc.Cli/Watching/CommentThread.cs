using ShareRpc.Protocol.Ops;

namespace ShareRpc.Cli.Watching;

/// <summary>The comments on one document that answer one another, oldest first.</summary>
internal sealed record CommentThread(IReadOnlyList<Comment> Comments)
{
    public Comment First => Comments[0];

    /// <summary>Gets the id of the comment that answers name.</summary>
    public string Id => First.Parent ?? First.Key.Id;

    public bool IsResolved => Comments.LastOrDefault(comment => comment.Resolved is not null)?.Resolved == true;

    public static IReadOnlyList<CommentThread> Of(IEnumerable<Document> documents) =>
    [
        .. documents.Select(document => Comment.Parse(document.Key, document.Data)).OfType<Comment>()
            .GroupBy(comment => comment.Key.Beside(comment.Parent ?? comment.Key.Id), StringComparer.Ordinal)
            .Select(thread => new CommentThread(
                [.. thread.OrderBy(comment => comment.CreatedMs)
                    .ThenBy(comment => comment.Key.ToString(), StringComparer.Ordinal)]))
            .OrderBy(thread => thread.First.CreatedMs),
    ];
}
