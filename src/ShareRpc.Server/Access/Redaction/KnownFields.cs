using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Redaction;

/// <summary>
/// What a redacted reader may see of the kinds that the server knows (SPEC section "Redaction"): allow-lists, so that a field that an agent
/// adds one day is hidden until somebody has looked at it here.
/// </summary>
internal static class KnownFields
{
    private static readonly string[] Session =
    [
        "id", "slug", "projectID", "parentID", "title", "version", "agent", "model.id", "model.modelID", "model.providerID", "cost",
        "tokens", "time",
        "summary.additions", "summary.deletions", "summary.files",
    ];

    private static readonly string[] Message =
    [
        "id", "sessionID", "role", "parentID", "time", "agent", "mode", "modelID", "providerID", "model.modelID", "model.providerID",
        "variant", "cost",
        "tokens", "finish", "error.name", "summary.title",
    ];

    private static readonly string[] Diff = ["file", "path", "status", "additions", "deletions", "before", "after", "patch", "diff"];
    private static readonly string[] Head = ["id", "sessionID", "messageID", "type", "time"];
    private static readonly string[] ToolHead = [.. Head, "callID", "tool", "agent", "state.status", "state.time"];

    private static readonly string[] Tool =
    [
        .. ToolHead, "state.input", "state.output", "state.title", "state.error", "state.metadata", "state.attachments", "prompt",
        "description",
    ];

    private static readonly string[] File =
        [.. Head, "text", "synthetic", "mime", "filename", "url", "source", "hash", "files", "snapshot"];

    private static readonly string[] Plain =
    [
        .. Head, "text", "synthetic", "ignored", "reason", "cost", "tokens", "auto", "attempt", "name",
    ];

    private static readonly FieldTree SessionTree = FieldTree.Of(Session);
    private static readonly FieldTree SessionWithFiles = FieldTree.Of([.. Session, "summary.diffs", "directory", "path"]);
    private static readonly FieldTree MessageTree = FieldTree.Of(Message);
    private static readonly FieldTree MessageWithFiles = FieldTree.Of([.. Message, "summary.diffs", "summary.body", "path"]);
    private static readonly FieldTree TodoTree = FieldTree.Of(["id", "content", "status", "priority"]);
    private static readonly FieldTree TurnTree = FieldTree.Of(["state", "provisional", "writer_id", "time"]);
    private static readonly FieldTree ModelTree = FieldTree.Of(["id", "providerID", "name", "cost", "limit"]);
    private static readonly FieldTree DiffTree = FieldTree.Of(Diff);
    private static readonly FieldTree ToolHeadTree = FieldTree.Of(ToolHead);
    private static readonly FieldTree ToolTree = FieldTree.Of(Tool);
    private static readonly FieldTree FileTree = FieldTree.Of(File);
    private static readonly FieldTree ReasoningTree = FieldTree.Of([.. Head, "text"]);
    private static readonly FieldTree PlainTree = FieldTree.Of(Plain);

    /// <summary>Null: nothing of it.</summary>
    public static FieldTree? Of(string kind, ContentClass contentClass, HiddenContent hidden)
    {
        bool isFileHidden = hidden.HasFlag(HiddenContent.Files);
        return kind switch
        {
            Kinds.Session => isFileHidden ? SessionTree : SessionWithFiles,
            Kinds.Message => isFileHidden ? MessageTree : MessageWithFiles,
            Kinds.Todo => TodoTree,
            Kinds.Turn => TurnTree,
            Kinds.Model => ModelTree,
            Kinds.SessionDiff => isFileHidden ? null : DiffTree,
            Kinds.Part => OfPart(contentClass, hidden),
            _ => null,
        };
    }

    private static FieldTree? OfPart(ContentClass contentClass, HiddenContent hidden) => contentClass switch
    {
        ContentClass.Plain => PlainTree,
        ContentClass.Reasoning => hidden.HasFlag(HiddenContent.Reasoning) ? null : ReasoningTree,
        ContentClass.Tool => (hidden & (HiddenContent.Tools | HiddenContent.Files)) != 0 ? ToolHeadTree : ToolTree,
        ContentClass.File => hidden.HasFlag(HiddenContent.Files) ? null : FileTree,
        _ => null,
    };
}
