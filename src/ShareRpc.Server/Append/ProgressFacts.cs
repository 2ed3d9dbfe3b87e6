using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Append;

/// <summary>How far a document of the session format has come.</summary>
/// <param name="Time">When a session was updated, a message completed, a part ended.</param>
/// <param name="Changes">How many changes a message lists; -1 without a summary.</param>
/// <param name="HasState">It is a tool's.</param>
/// <param name="Rank">0 for a tool that waits, 1 for one that runs, 2 for one that is done.</param>
/// <param name="Ended">When the tool ended.</param>
/// <param name="Compacted">When its output was compacted.</param>
internal sealed record ProgressFacts(
    double? Time, int Changes, bool HasState, int Rank, double? Ended, double? Compacted)
{
    public static ProgressFacts Of(string kind, RawJson data)
    {
        using JsonDocument document = data.ToDocument();
        JsonElement root = document.RootElement;
        double? time = kind switch
        {
            Kinds.Session => TimeOf(root, "updated"u8),
            Kinds.Message => TimeOf(root, "completed"u8),
            _ => TimeOf(root, "end"u8),
        };
        bool hasState = JsonMembers.TryFind(root, "state"u8, out JsonElement state);
        return new ProgressFacts(
            time, ChangesOf(root), hasState, RankOf(state), TimeOf(state, "end"u8), TimeOf(state, "compacted"u8));
    }

    private static int ChangesOf(JsonElement message)
    {
        if (!JsonMembers.TryFind(message, "summary"u8, out JsonElement summary)) return -1;
        return JsonMembers.TryFind(summary, "diffs"u8, out JsonElement diffs) && diffs.ValueKind == JsonValueKind.Array
            ? diffs.GetArrayLength()
            : 0;
    }

    private static int RankOf(JsonElement state)
    {
        if (!JsonMembers.TryFind(state, "status"u8, out JsonElement status)) return 0;
        if (JsonMembers.IsText(status, "running"u8)) return 1;
        return JsonMembers.IsText(status, "completed"u8) || JsonMembers.IsText(status, "error"u8) ? 2 : 0;
    }

    private static double? TimeOf(JsonElement json, ReadOnlySpan<byte> name) =>
        JsonMembers.TryFind(json, "time"u8, out JsonElement time)
            && JsonMembers.TryFind(time, name, out JsonElement value)
        && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number)
            ? number
            : null;
}
