using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Protocol.Ops;

/// <summary>Verbs of ops.</summary>
public static class Verbs
{
    /// <summary>Replaces the document by an object or array.</summary>
    public const string Put = "put";

    /// <summary>Removes the document.</summary>
    public const string Remove = "remove";

    /// <summary>Appends to a field: <c>{"field": name, "text": text}</c>.</summary>
    public const string Append = "append";

    /// <summary>Returns whether the verb is known.</summary>
    public static bool IsKnown(string? verb) => verb is Put or Remove or Append;
}

/// <summary>Known kinds; others of the same form are stored too.</summary>
public static class Kinds
{
    public const string Session = "session";
    public const string Message = "message";
    public const string Part = "part";
    public const string SessionDiff = "session_diff";
    public const string Model = "model";
    public const string Todo = "todo";

    /// <summary>A turn; its state is guarded.</summary>
    public const string Turn = "turn";

    /// <summary>A comment on a document; its author is written by the server. See <see cref="CommentKey"/>.</summary>
    public const string Comment = "comment";
}

/// <summary>States of a turn: streaming, then one final state.</summary>
public static class TurnStates
{
    public const string Streaming = "streaming";
    public const string Completed = "completed";
    public const string Failed = "failed";
    public const string Aborted = "aborted";

    /// <summary>Returns whether the state is final.</summary>
    public static bool IsFinal(string? state) => state is Completed or Failed or Aborted;

    /// <summary>Returns a turn's state; null if unknown.</summary>
    public static string? Of(JsonElement turn)
    {
        if (!JsonMembers.TryFind(turn, "state"u8, out JsonElement state)) return null;
        if (JsonMembers.IsText(state, "streaming"u8)) return Streaming;
        if (JsonMembers.IsText(state, "completed"u8)) return Completed;
        if (JsonMembers.IsText(state, "failed"u8)) return Failed;
        return JsonMembers.IsText(state, "aborted"u8) ? Aborted : null;
    }
}
