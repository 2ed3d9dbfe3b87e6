using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Protocol.Ops;

/// <summary>The <c>state</c> of a <c>turn</c> document: streaming, then one of the final three for good.</summary>
public static class TurnStates
{
    public const string Streaming = "streaming";
    public const string Completed = "completed";
    public const string Failed = "failed";
    public const string Aborted = "aborted";

    /// <summary>True for the three that end a turn.</summary>
    public static bool IsFinal(string? state) => state is Completed or Failed or Aborted;

    /// <summary>The state that a turn's data names; null when it names none of the four.</summary>
    public static string? Of(JsonElement turn)
    {
        if (!JsonMembers.TryFind(turn, "state"u8, out JsonElement state)) return null;
        if (JsonMembers.IsText(state, "streaming"u8)) return Streaming;
        if (JsonMembers.IsText(state, "completed"u8)) return Completed;
        if (JsonMembers.IsText(state, "failed"u8)) return Failed;
        return JsonMembers.IsText(state, "aborted"u8) ? Aborted : null;
    }
}
