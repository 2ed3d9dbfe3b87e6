using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace ShareRpc.Protocol.Transcripts;

/// <summary>A place in a session: behind so many characters of a part. Opaque to those who hand it back.</summary>
/// <param name="Created">When the message was created.</param>
/// <param name="Message">Its key.</param>
/// <param name="Part">The key of the part; empty for the message itself.</param>
/// <param name="Offset">How many characters of the part's text were read.</param>
internal readonly record struct TranscriptPosition(long Created, string Message, string Part, int Offset)
    : IComparable<TranscriptPosition>
{
    /// <summary>Two keys of the longest form, each character escaped.</summary>
    private const int LongestText = 12 * 1024;

    public int CompareTo(TranscriptPosition other)
    {
        int order = Created.CompareTo(other.Created);
        if (order == 0) order = string.CompareOrdinal(Message, other.Message);
        return order == 0 ? string.CompareOrdinal(Part, other.Part) : order;
    }

    public override string ToString() =>
        Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(new object[] { Created, Message, Part, Offset }));

    /// <summary>Reads what <see cref="ToString"/> made; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out TranscriptPosition position)
    {
        position = default;
        if (text is null or { Length: > LongestText } || !Base64Url.IsValid(text)) return false;
        try
        {
            using var json = JsonDocument.Parse(Base64Url.DecodeFromChars(text));
            JsonElement list = json.RootElement;
            if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() != 4) return false;
            bool isNumbers = list[0].TryGetInt64(out long created) & list[3].TryGetInt32(out int offset);
            position = new TranscriptPosition(created, list[1].GetString()!, list[2].GetString()!, offset);
            return isNumbers && offset >= 0 && position is { Message: not null, Part: not null };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
