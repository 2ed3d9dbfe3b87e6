using System.Globalization;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Sources.Opencode;

/// <summary>
/// opencode's <c>info</c> object, from the row: opencode changes cost, tokens, <c>share_url</c> and <c>time_updated</c>
/// without events.
/// </summary>
internal static class SessionDocument
{
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = ProtocolJson.Options.Encoder };

    /// <summary>Omits null and missing columns.</summary>
    public static RawJson Build(IReadOnlyDictionary<string, object?> row)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, WriterOptions))
        {
            writer.WriteStartObject();
            Text(writer, row, "id", "id");
            Text(writer, row, "slug", "slug");
            Text(writer, row, "projectID", "project_id");
            Text(writer, row, "workspaceID", "workspace_id");
            Text(writer, row, "directory", "directory");
            Text(writer, row, "path", "path");
            Text(writer, row, "parentID", "parent_id");
            Text(writer, row, "title", "title");
            Text(writer, row, "agent", "agent");
            Json(writer, row, "model", "model");
            Text(writer, row, "version", "version");
            Summary(writer, row);
            Number(writer, row, "cost", "cost");
            Tokens(writer, row);
            Share(writer, row);
            Json(writer, row, "metadata", "metadata");
            Json(writer, row, "revert", "revert");
            Json(writer, row, "permission", "permission");
            Time(writer, row);
            writer.WriteEndObject();
        }

        return new RawJson(stream.ToArray());
    }

    private static void Summary(Utf8JsonWriter writer, IReadOnlyDictionary<string, object?> row)
    {
        string[] columns = ["summary_additions", "summary_deletions", "summary_files"];
        if (!columns.Any(column => Value(row, column) is not null)) return;
        writer.WriteStartObject("summary");
        foreach (string column in columns)
            writer.WriteNumber(column["summary_".Length..], Value(row, column) is long count ? count : 0);
        Json(writer, row, "diffs", "summary_diffs");
        writer.WriteEndObject();
    }

    private static void Tokens(Utf8JsonWriter writer, IReadOnlyDictionary<string, object?> row)
    {
        if (Value(row, "tokens_input") is null) return;
        writer.WriteStartObject("tokens");
        Number(writer, row, "input", "tokens_input");
        Number(writer, row, "output", "tokens_output");
        Number(writer, row, "reasoning", "tokens_reasoning");
        writer.WriteStartObject("cache");
        Number(writer, row, "read", "tokens_cache_read");
        Number(writer, row, "write", "tokens_cache_write");
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void Share(Utf8JsonWriter writer, IReadOnlyDictionary<string, object?> row)
    {
        // A ShareRpc link contains a token; omit it, as the HTTP API does.
        if (Value(row, "share_url") is not string url || url.Contains(ShareToken.Prefix, StringComparison.Ordinal))
            return;
        writer.WriteStartObject("share");
        Text(writer, row, "url", "share_url");
        writer.WriteEndObject();
    }

    private static void Time(Utf8JsonWriter writer, IReadOnlyDictionary<string, object?> row)
    {
        writer.WriteStartObject("time");
        Number(writer, row, "created", "time_created");
        Number(writer, row, "updated", "time_updated");
        Number(writer, row, "compacting", "time_compacting");
        Number(writer, row, "archived", "time_archived");
        writer.WriteEndObject();
    }

    private static object? Value(IReadOnlyDictionary<string, object?> row, string column) =>
        row.GetValueOrDefault(column);

    private static void Text(Utf8JsonWriter writer, IReadOnlyDictionary<string, object?> row, string field,
        string column)
    {
        if (Value(row, column) is { } value)
            writer.WriteString(field, Convert.ToString(value, CultureInfo.InvariantCulture));
    }

    private static void Number(Utf8JsonWriter writer, IReadOnlyDictionary<string, object?> row, string field,
        string column)
    {
        if (Value(row, column) is long integer) writer.WriteNumber(field, integer);
        else if (Value(row, column) is double real && double.IsFinite(real)) writer.WriteNumber(field, real);
    }

    private static void Json(Utf8JsonWriter writer, IReadOnlyDictionary<string, object?> row, string field,
        string column)
    {
        if (Value(row, column) is not string { Length: > 0 } text) return;
        try
        {
            RawJson json = RawJson.Parse(text);
            writer.WritePropertyName(field);
            writer.WriteRawValue(json.Utf8.Span, skipInputValidation: true);
        }
        catch (JsonException)
        {
            // Not JSON: write a string.
            writer.WriteString(field, text);
        }
    }
}

/// <summary>
/// The to-do document: key = session id, <c>{content, status, priority}</c> by position, as in opencode's API.
/// </summary>
internal static class TodoDocument
{
    /// <summary>Returns null for an empty list.</summary>
    public static RawJson? Build(IReadOnlyList<(string Content, string Status, string Priority)> todos)
    {
        if (todos.Count == 0) return null;
        return new RawJson(JsonSerializer.SerializeToUtf8Bytes(
            todos.Select(todo => new Item(todo.Content, todo.Status, todo.Priority)),
            ProtocolJson.Options));
    }

    private sealed record Item(string Content, string Status, string Priority);
}
