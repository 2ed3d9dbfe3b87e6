using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Append;

/// <summary>
/// Finds late opencode states, because requests overlap: by update and end times, a tool's status, and a user message's
/// change count, which only grows. Equal or missing values pass.
/// </summary>
internal static class ProgressGuard
{
    /// <param name="current">The document.</param>
    /// <param name="op">A put of a whole state.</param>
    /// <param name="cameWithNewest">
    /// It came along with a state of the session that is not behind: then what a user's message says counts, be it
    /// less.
    /// </param>
    public static bool IsBehind(RawJson current, OpIntent op, bool cameWithNewest)
    {
        if (op.Kind is not (Kinds.Session or Kinds.Message or Kinds.Part) || op.Data is not { } data) return false;
        using JsonDocument before = current.ToDocument();
        using JsonDocument after = data.ToDocument();
        return op.Kind switch
        {
            Kinds.Session => IsEarlier(before.RootElement, after.RootElement, "updated"u8),
            Kinds.Message => IsEarlier(before.RootElement, after.RootElement, "completed"u8)
                || (!cameWithNewest && Changes(after.RootElement) < Changes(before.RootElement)),
            _ => IsPartBehind(before.RootElement, after.RootElement),
        };
    }

    private static bool IsPartBehind(JsonElement before, JsonElement after)
    {
        if (IsEarlier(before, after, "end"u8)) return true;
        if (!JsonMembers.TryFind(before, "state"u8, out JsonElement had)) return false;
        JsonMembers.TryFind(after, "state"u8, out JsonElement has);
        return Rank(has) < Rank(had) || IsEarlier(had, has, "end"u8) || IsEarlier(had, has, "compacted"u8);
    }

    private static int Changes(JsonElement message)
    {
        if (!JsonMembers.TryFind(message, "summary"u8, out JsonElement summary)) return -1;
        return JsonMembers.TryFind(summary, "diffs"u8, out JsonElement diffs) && diffs.ValueKind == JsonValueKind.Array
            ? diffs.GetArrayLength()
            : 0;
    }

    private static int Rank(JsonElement state)
    {
        if (!JsonMembers.TryFind(state, "status"u8, out JsonElement status)) return 0;
        if (JsonMembers.IsText(status, "running"u8)) return 1;
        return JsonMembers.IsText(status, "completed"u8) || JsonMembers.IsText(status, "error"u8) ? 2 : 0;
    }

    private static bool IsEarlier(JsonElement before, JsonElement after, ReadOnlySpan<byte> name) =>
        TimeOf(before, name) is { } had && !(TimeOf(after, name) >= had);

    private static double? TimeOf(JsonElement json, ReadOnlySpan<byte> name) =>
        JsonMembers.TryFind(json, "time"u8, out JsonElement time)
            && JsonMembers.TryFind(time, name, out JsonElement value)
        && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number)
            ? number
            : null;
}
