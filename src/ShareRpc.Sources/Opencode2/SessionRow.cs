using System.Globalization;
using System.Text.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.Opencode2;

/// <summary>Makes the session document from a row of <c>session_v2</c>, columns by name.</summary>
internal static class SessionRow
{
    public static DocumentChange Document(string sessionId, IReadOnlyDictionary<string, object?> row) =>
        SessionFormat.Session(sessionId, "opencode", Text(row, "version"), json =>
        {
            foreach ((string column, string field) in Texts)
            {
                if (Text(row, column) is { } text) json.WriteString(field, text);
            }

            WriteFork(json, row);
            Json(json, row, "model", "model");
            Number(json, row, "cost", "cost");
            WriteTokens(json, row);
            WriteSummary(json, row);
            json.WriteStartObject("time");
            foreach (string time in Times) Number(json, row, $"time_{time}", time);
            json.WriteEndObject();
        });

    private static readonly (string Column, string Field)[] Texts =
    [
        ("slug", "slug"), ("project_id", "projectID"), ("workspace_id", "workspaceID"), ("parent_id", "parentID"),
        ("title", "title"), ("directory", "directory"), ("path", "path"), ("agent", "mode"),
        ("idle_outcome", "outcome"),
    ];

    private static readonly string[] Times = ["created", "updated", "idle", "compacting", "archived", "suspended"];

    private static void WriteFork(Utf8JsonWriter json, IReadOnlyDictionary<string, object?> row)
    {
        if (Text(row, "fork_session_id") is not { } session) return;
        json.WriteStartObject("fork");
        json.WriteString("session", session);
        using JsonDocument? boundary = Parsed(Text(row, "fork_boundary"));
        if (boundary?.RootElement is { ValueKind: JsonValueKind.Object } at)
        {
            foreach (JsonProperty member in at.EnumerateObject())
            {
                if (member.Name is not ("type" or "messageID")) continue;
                json.WritePropertyName(member.Name == "type" ? "boundary" : "message");
                member.Value.WriteTo(json);
            }
        }

        json.WriteEndObject();
    }

    private static void WriteTokens(Utf8JsonWriter json, IReadOnlyDictionary<string, object?> row)
    {
        if (row.GetValueOrDefault("tokens_input") is null) return;
        json.WriteStartObject("tokens");
        foreach (string name in (string[])["input", "output", "reasoning"]) Number(json, row, $"tokens_{name}", name);
        json.WriteStartObject("cache");
        foreach (string name in (string[])["read", "write"]) Number(json, row, $"tokens_cache_{name}", name);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteSummary(Utf8JsonWriter json, IReadOnlyDictionary<string, object?> row)
    {
        string[] names = ["additions", "deletions", "files"];
        if (names.All(name => row.GetValueOrDefault($"summary_{name}") is null)) return;
        json.WriteStartObject("summary");
        foreach (string name in names) Number(json, row, $"summary_{name}", name);
        Json(json, row, "summary_diffs", "diffs");
        json.WriteEndObject();
    }

    private static string? Text(IReadOnlyDictionary<string, object?> row, string column) =>
        row.GetValueOrDefault(column) is { } value ? Convert.ToString(value, CultureInfo.InvariantCulture) : null;

    private static void Number(Utf8JsonWriter json, IReadOnlyDictionary<string, object?> row, string column,
        string field)
    {
        if (row.GetValueOrDefault(column) is long integer) json.WriteNumber(field, integer);
        else if (row.GetValueOrDefault(column) is double real && double.IsFinite(real)) json.WriteNumber(field, real);
    }

    private static void Json(Utf8JsonWriter json, IReadOnlyDictionary<string, object?> row, string column, string field)
    {
        using JsonDocument? document = Parsed(Text(row, column));
        if (document is null) return;
        json.WritePropertyName(field);
        document.WriteTo(json);
    }

    private static JsonDocument? Parsed(string? text)
    {
        try
        {
            return text is null ? null : JsonDocument.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
