using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Redaction;

/// <summary>
/// Lists what a redacted reader may see of the kinds that the server knows (protocol/opencode.md). These are
/// allow-lists: a field that an agent adds one day is hidden until somebody has looked at it here.
/// </summary>
internal static class KnownFields
{
    private static readonly string[] Tokens =
    [
        "tokens.input:number", "tokens.output:number", "tokens.reasoning:number", "tokens.total:number",
        "tokens.cache.read:number", "tokens.cache.write:number",
    ];

    private static readonly string[] Time =
    [
        "time.created:number", "time.updated:number", "time.completed:number", "time.start:number", "time.end:number",
        "time.compacting:number", "time.compacted:number", "time.archived:number",
    ];

    private static readonly string[] Session =
    [
        .. Time, .. Tokens, "id", "slug", "projectID", "parentID", "title", "version", "agent", "model.id",
        "model.modelID", "model.providerID", "cost:number", "summary.additions:number", "summary.deletions:number",
        "summary.files:number", "schema_version:number", "agent_version", "mode", "outcome", "fork.session",
        "fork.message", "fork.boundary", "time.idle:number", "time.suspended:number",
    ];

    private static readonly string[] Message =
    [
        .. Time, .. Tokens, "id", "sessionID", "role", "parentID", "agent", "mode", "modelID", "providerID",
        "model.modelID", "model.providerID", "variant", "cost:number", "finish", "error.name", "summary.title",
        "agent_session",
    ];

    private static readonly string[] Diff =
    [
        "file", "path", "status", "additions:number", "deletions:number", "before", "after", "patch", "diff",
    ];

    private static readonly string[] Head = [.. Time, "id", "sessionID", "messageID", "type"];

    private static readonly string[] ToolHead =
    [
        .. Head, .. Time.Select(path => $"state.{path}"), "callID", "tool", "agent", "state.status",
        "agent_session", "status",
    ];

    private static readonly string[] Tool =
    [
        .. ToolHead, "state.input:any", "state.output:any", "state.title:any", "state.error:any", "state.metadata:any",
        "state.attachments:any", "prompt:any", "description:any", "name:any", "result:any",
        "error:any", "text",
    ];

    private static readonly string[] File =
    [
        .. Head, "text", "synthetic:flag", "mime", "filename", "url", "source:any", "hash", "files:any", "snapshot:any",
    ];

    private static readonly string[] Plain =
    [
        .. Head, .. Tokens, "text", "synthetic:flag", "ignored:flag", "reason", "cost:number", "auto:flag",
        "attempt:number", "name", "record", "status",
    ];

    private static readonly string[] Model =
    [
        "id", "providerID", "name", "cost.input:number", "cost.output:number", "cost.cache.read:number",
        "cost.cache.write:number", "limit.context:number", "limit.input:number", "limit.output:number",
    ];

    private static readonly FieldTree CommentTree = FieldTree.Of(
    [
        "text", "parent", "quote", "line.file", "line.side", "line.number:number", "resolved:flag", "author.id",
        "author.label", "author.owner:flag", "time.created:number", "time.edited:number",
    ]);

    private static readonly FieldTree SessionTree = FieldTree.Of(Session);
    private static readonly FieldTree SessionWithFiles =
        FieldTree.Of([.. Session, "summary.diffs:any", "directory", "path", "branch"]);
    private static readonly FieldTree MessageTree = FieldTree.Of(Message);
    private static readonly FieldTree MessageWithFiles =
        FieldTree.Of([.. Message, "summary.diffs:any", "summary.body", "path.cwd", "path.root"]);
    private static readonly FieldTree TodoTree = FieldTree.Of(["id", "content", "status", "priority"]);
    private static readonly FieldTree TurnTree = FieldTree.Of([.. Time, "state", "provisional:flag", "writer_id"]);
    private static readonly FieldTree ModelTree = FieldTree.Of(Model);
    private static readonly FieldTree DiffTree = FieldTree.Of(Diff);
    private static readonly FieldTree ToolHeadTree = FieldTree.Of(ToolHead);
    private static readonly FieldTree ToolTree = FieldTree.Of(Tool);
    private static readonly FieldTree FileTree = FieldTree.Of(File);
    private static readonly FieldTree ReasoningTree = FieldTree.Of([.. Head, "text"]);
    private static readonly FieldTree PlainTree = FieldTree.Of(Plain);

    /// <summary>Returns the fields that are shown, with their types; null for nothing of it.</summary>
    public static FieldTree? Of(string kind, ContentClass contentClass, HiddenContent hidden)
    {
        bool isFileHidden = hidden.HasFlag(HiddenContent.Files);
        return (kind, contentClass) switch
        {
            (Kinds.Session, ContentClass.Plain) => isFileHidden ? SessionTree : SessionWithFiles,
            (Kinds.Message, ContentClass.Plain) => isFileHidden ? MessageTree : MessageWithFiles,
            (Kinds.Todo, ContentClass.Plain) => TodoTree,
            (Kinds.Turn, ContentClass.Plain) => TurnTree,
            (Kinds.Model, ContentClass.Plain) => ModelTree,
            (Kinds.SessionDiff, ContentClass.File) => isFileHidden ? null : DiffTree,
            (Kinds.Part, ContentClass.Plain) => PlainTree,
            (Kinds.Part, ContentClass.Reasoning) => hidden.HasFlag(HiddenContent.Reasoning) ? null : ReasoningTree,
            (Kinds.Part, ContentClass.Tool) => (hidden & (HiddenContent.Tools | HiddenContent.Files)) != 0
                ? ToolHeadTree : ToolTree,
            (Kinds.Comment, ContentClass.Plain) => CommentTree,
            (Kinds.Comment, ContentClass.Reasoning) => hidden.HasFlag(HiddenContent.Reasoning) ? null : CommentTree,
            (Kinds.Comment, ContentClass.Tool) => (hidden & (HiddenContent.Tools | HiddenContent.Files)) != 0
                ? null : CommentTree,
            (Kinds.Comment, ContentClass.File) => isFileHidden ? null : CommentTree,
            (Kinds.Part, ContentClass.File) => isFileHidden ? null : FileTree,
            _ => null,
        };
    }
}
