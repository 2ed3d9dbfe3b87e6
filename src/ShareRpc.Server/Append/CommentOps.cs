using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redaction;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Append;

/// <summary>
/// Decides on ops of kind <c>comment</c>, and keeps the class of comments that of what they are on
/// (protocol/comments.md).
/// </summary>
internal sealed class CommentOps(
    CommitScope scope, LogShare share, Authority authority, DocumentMeasures folded, ProtocolLimits limits)
{
    private readonly HashSet<(string Kind, string Key)> changed = [];
    private ShareComments? comments;

    public async ValueTask LoadAsync() => comments = await share.CommentsAsync(scope.Transaction);

    public bool AreOn(string kind, string key) => comments!.AreOn(kind, key);

    /// <summary>Notes an op on a document that has comments.</summary>
    public void Note(string kind, string key, ContentClass before, ContentClass after)
    {
        if (ContentClasses.Unmarked(before) != ContentClasses.Unmarked(after)) changed.Add((kind, key));
    }

    /// <summary>Forgets what was noted: the batch is not applied.</summary>
    public void Clear() => changed.Clear();

    /// <summary>Returns why a well-formed op is refused, or what is stored of it, with the classes.</summary>
    public async ValueTask<CommentVerdict> JudgeAsync(OpIntent op)
    {
        if (!CommentKey.TryParse(op.Key, out CommentKey? key)) return new CommentVerdict(ErrorCode.InvalidOp);
        if (!authority.Ref.Rights.HasFlag(Rights.Read)) return new CommentVerdict(ErrorCode.NoTarget);
        StoredDoc? current = await FindAsync(op.Key);
        var known = current?.Data is { } data ? CommentStamp.Parse(data) : null;
        bool isRemoval = op.Verb == Verbs.Remove;
        if (known is not null && known.AuthorId != authority.AuthorId && !(isRemoval && authority.IsOwner))
            return new CommentVerdict(ErrorCode.NotAuthor);
        ContentClass before = current?.Class ?? ContentClass.Absent;
        if (isRemoval) return new CommentVerdict(null, op, before, ContentClass.Absent);
        ContentClass target = await share.ClassOfAsync(folded, key.Kind, key.Key);
        ContentClass after = ContentClasses.OfComment(target);
        if (target == ContentClass.Absent || !authority.Profile.ShowsTarget(after))
            return new CommentVerdict(ErrorCode.NoTarget);
        CommentText said = CommentText.Parse(op.Data!.Value)!;
        if (known is not null)
        {
            said = known.Said with { Text = said.Text, Resolved = said.Resolved };
            if (after != before) after = ContentClass.Unknown; // never more visible than it was
        }
        else if (said.Parent is { } parent && !await IsThreadAsync(key.Beside(parent)))
        {
            return new CommentVerdict(ErrorCode.NoTarget);
        }
        else if (comments!.Count >= limits.CommentsPerShare
            || comments.On(key.Kind, key.Key).Count >= limits.CommentsPerDocument)
        {
            return new CommentVerdict(ErrorCode.QuotaExceeded);
        }

        var stamp = new CommentStamp(
            said, authority.AuthorId, authority.IsOwner ? null : authority.Label, authority.IsOwner,
            known?.CreatedMs ?? scope.NowMs, known is null ? null : scope.NowMs);
        return new CommentVerdict(null, op with { Data = stamp.ToJson() }, before, after);
    }

    /// <summary>
    /// Puts the comments again, as they are, on documents whose class changed: behind the batch, in its transaction.
    /// They count as the caller's, and are never refused.
    /// </summary>
    public async ValueTask RestateAsync(AppendAllowance allowance)
    {
        if (changed.Count == 0) return;
        var applied = new List<AppliedOp>();
        foreach ((string kind, string key) in changed)
        {
            ContentClass target = await share.ClassOfAsync(folded, kind, key);
            foreach (string comment in comments!.On(kind, key).Order(StringComparer.Ordinal).ToList())
            {
                if (await FindAsync(comment) is not { Data: { } data } current) continue;
                ContentClass after = ContentClasses.OfComment(target, current.Class);
                if (current.Class != after) applied.Add(Put(comment, data, current.Class, after));
            }
        }

        if (applied.Count == 0) return;
        scope.Transaction.Append(new AppendedBatch
        {
            ShareKey = share.Key, ActorKey = authority.Ref.Key, TimeMs = scope.NowMs, Applied = applied,
        });
        allowance.Reset();
        foreach (AppliedOp op in applied) allowance.Count(op.Op);
        await allowance.RecordAsync();
    }

    private AppliedOp Put(string key, RawJson data, ContentClass before, ContentClass after)
    {
        var op = new OpIntent { OpId = OpId.New(), Verb = Verbs.Put, Kind = Kinds.Comment, Key = key, Data = data };
        var applied = new AppliedOp(op, OpDigest.Of(op), share.Head + 1, before, after);
        share.Advance(new LoggedOp
        {
            Cursor = applied.Cursor, OpId = op.OpId, Verb = op.Verb, Kind = op.Kind, Key = key, Data = data,
            Actor = authority.AuthorId, TimeMs = scope.NowMs, SchemaVersion = Subprotocols.SchemaVersion,
            ContentClass = (int)after, ClassBefore = (int)before,
        });
        return applied;
    }

    /// <summary>Returns whether a comment begins a thread, and may be seen.</summary>
    private async ValueTask<bool> IsThreadAsync(string key) =>
        await FindAsync(key) is { Data: { } data } comment && authority.Profile.ShowsComment(comment.Class)
        && CommentStamp.Parse(data) is { Said.Parent: null };

    private ValueTask<StoredDoc?> FindAsync(string key) =>
        CurrentDocument.FindAsync(scope.Transaction, share, Kinds.Comment, key);
}

/// <param name="Refused">Why the op is rejected; then the rest is nothing.</param>
/// <param name="Op">The op as it is stored.</param>
internal readonly record struct CommentVerdict(
    ErrorCode? Refused, OpIntent? Op = null, ContentClass Before = default, ContentClass After = default);
