using System.Buffers;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Append;

/// <summary>A comment as it is stored: what its author says, and what the server says of its author.</summary>
/// <param name="Label">Of the ref; null for the owner, and for one without.</param>
/// <param name="EditedMs">Null for one that was not edited.</param>
internal sealed record CommentStamp(
    CommentText Said, string AuthorId, string? Label, bool IsOwner, long CreatedMs, long? EditedMs)
{
    /// <summary>Returns null for a document that no server wrote.</summary>
    public static CommentStamp? Parse(RawJson data)
    {
        if (CommentText.Parse(data) is not { } said) return null;
        using JsonDocument document = data.ToDocument();
        bool isStamped = JsonMembers.TryFind(document.RootElement, "author"u8, out JsonElement author)
            & JsonMembers.TryFind(document.RootElement, "time"u8, out JsonElement time);
        if (!isStamped || !JsonMembers.TryFind(author, "id"u8, out JsonElement id)
            || !JsonMembers.TryFind(time, "created"u8, out JsonElement created)) return null;
        return new CommentStamp(said, id.GetString()!, null, false, created.GetInt64(), null);
    }

    public RawJson ToJson()
    {
        var output = new ArrayBufferWriter<byte>(512 + (3 * Said.Text.Length));
        using (var writer = new Utf8JsonWriter(
            output, new JsonWriterOptions { Encoder = ProtocolJson.Options.Encoder }))
        {
            writer.WriteStartObject();
            writer.WriteString("text"u8, Said.Text);
            if (Said.Parent is { } parent) writer.WriteString("parent"u8, parent);
            if (Said.Quote is { } quote) writer.WriteString("quote"u8, quote);
            if (Said.Line is { } line)
            {
                writer.WriteStartObject("line"u8);
                writer.WriteString("file"u8, line.File);
                writer.WriteString("side"u8, line.Side);
                writer.WriteNumber("number"u8, line.Number);
                writer.WriteEndObject();
            }

            if (Said.Resolved is { } resolved) writer.WriteBoolean("resolved"u8, resolved);
            writer.WriteStartObject("author"u8);
            writer.WriteString("id"u8, AuthorId);
            if (Label is not null) writer.WriteString("label"u8, Label);
            if (IsOwner) writer.WriteBoolean("owner"u8, true);
            writer.WriteEndObject();
            writer.WriteStartObject("time"u8);
            writer.WriteNumber("created"u8, CreatedMs);
            if (EditedMs is { } edited) writer.WriteNumber("edited"u8, edited);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return new RawJson(output.WrittenMemory);
    }
}
