using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Sources.Opencode;

/// <summary>
/// The document of a session's to-do list, key = session id: an array of <c>{content, status, priority}</c> in order of position, the shape
/// in which opencode's own API gives it.
/// </summary>
internal static class TodoDocument
{
    /// <summary>Null when the list is empty: then there is no document.</summary>
    public static RawJson? Build(IReadOnlyList<(string Content, string Status, string Priority)> todos)
    {
        if (todos.Count == 0) return null;
        return new RawJson(JsonSerializer.SerializeToUtf8Bytes(todos.Select(todo => new Item(todo.Content, todo.Status, todo.Priority)),
            ProtocolJson.Options));
    }

    private sealed record Item(string Content, string Status, string Priority);
}
