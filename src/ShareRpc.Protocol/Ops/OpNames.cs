using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Protocol.Ops;

/// <summary>What an op does to its document.</summary>
public static class Verbs
{
    /// <summary>The document becomes the data: an object or an array.</summary>
    public const string Put = "put";

    /// <summary>The document is no more. No data.</summary>
    public const string Remove = "remove";

    /// <summary>Text is added to one field: <c>{"field": name, "text": text}</c>.</summary>
    public const string Append = "append";

    /// <summary>Returns true for one of the three.</summary>
    public static bool IsKnown(string? verb) => verb is Put or Remove or Append;
}

/// <summary>
/// The kinds of documents that the server knows; any other name of the form <c>[a-z][a-z0-9_.]{0,63}</c> is stored and
/// passed on.
/// </summary>
public static class Kinds
{
    public const string Session = "session";
    public const string Message = "message";
    public const string Part = "part";
    public const string SessionDiff = "session_diff";
    public const string Model = "model";
    public const string Todo = "todo";

    /// <summary>Guarded: <c>streaming -> completed | failed | aborted</c>.</summary>
    public const string Turn = "turn";
}

/// <summary>The <c>state</c> of a <c>turn</c> document: streaming, then one of the final three for good.</summary>
public static class TurnStates
{
    public const string Streaming = "streaming";
    public const string Completed = "completed";
    public const string Failed = "failed";
    public const string Aborted = "aborted";

    /// <summary>Returns true for the three that end a turn.</summary>
    public static bool IsFinal(string? state) => state is Completed or Failed or Aborted;

    /// <summary>Returns the state that a turn's data names; null when it names none of the four.</summary>
    public static string? Of(JsonElement turn)
    {
        if (!JsonMembers.TryFind(turn, "state"u8, out JsonElement state)) return null;
        if (JsonMembers.IsText(state, "streaming"u8)) return Streaming;
        if (JsonMembers.IsText(state, "completed"u8)) return Completed;
        if (JsonMembers.IsText(state, "failed"u8)) return Failed;
        return JsonMembers.IsText(state, "aborted"u8) ? Aborted : null;
    }
}
