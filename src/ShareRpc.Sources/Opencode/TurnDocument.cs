using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Sources.Opencode;

/// <summary>
/// How far the agent is with an answer, key = id of the assistant's message: <c>{state}</c>. opencode has no such thing; it follows from
/// the message: an error ends it, a completion time ends it, and until then it streams.
/// </summary>
internal static class TurnDocument
{
    /// <summary>The state of the turn that a message row's data tells of; null when it is not the assistant's.</summary>
    public static string? StateOf(ReadOnlySpan<byte> message)
    {
        try
        {
            var reader = new Utf8JsonReader(message);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            return StateOf(document.RootElement);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static RawJson Build(string state) => RawJson.Parse($$"""{"state":"{{state}}"}""");

    private static string? StateOf(JsonElement message)
    {
        if (!JsonMembers.TryFind(message, "role"u8, out JsonElement role) || !JsonMembers.IsText(role, "assistant"u8)) return null;
        if (JsonMembers.TryFind(message, "error"u8, out JsonElement error) && error.ValueKind == JsonValueKind.Object)
        {
            bool isAborted = JsonMembers.TryFind(error, "name"u8, out JsonElement name)
                && JsonMembers.IsText(name, "MessageAbortedError"u8);
            return isAborted ? TurnStates.Aborted : TurnStates.Failed;
        }

        bool isCompleted = JsonMembers.TryFind(message, "time"u8, out JsonElement time)
            && JsonMembers.TryFind(time, "completed"u8, out JsonElement completed) && completed.ValueKind == JsonValueKind.Number;
        return isCompleted ? TurnStates.Completed : TurnStates.Streaming;
    }
}
