using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Connections.DirectCalls;

/// <summary>Parses a batch, data as bytes. Null: left to the RPC layer; invalid Unicode throws.</summary>
internal static class BatchParser
{
    private static readonly string[] UsualVerbs = [Verbs.Put, Verbs.Append, Verbs.Remove];
    private static readonly string[] UsualKinds = [Kinds.Part, Kinds.Message, Kinds.Session];

    /// <summary>Parses from the start of the batch object; leaves the reader at its end.</summary>
    public static OpBatch? Parse(ref Utf8JsonReader reader, ReadOnlySpan<byte> message)
    {
        if (reader.TokenType != JsonTokenType.StartObject) return null;
        string? batchId = null;
        List<OpIntent>? ops = null;
        long? expectedCursor = null;
        bool? atomic = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueIsEscaped) return null;
            ReadOnlySpan<byte> name = reader.ValueSpan;
            if (!reader.Read()) return null;
            if (name.SequenceEqual("ops"u8))
            {
                ops = ParseOps(ref reader, message);
                if (ops is null) return null;
            }
            else if (name.SequenceEqual("batch_id"u8) && reader.TokenType == JsonTokenType.String)
            {
                batchId = reader.GetString();
            }
            else if (name.SequenceEqual("expected_cursor"u8) && TryReadNumber(ref reader, out long cursor))
            {
                expectedCursor = cursor;
            }
            else if (name.SequenceEqual("atomic"u8) && reader.TokenType is JsonTokenType.True or JsonTokenType.False)
            {
                atomic = reader.TokenType == JsonTokenType.True;
            }
            else
            {
                return null;
            }
        }

        if (reader.TokenType != JsonTokenType.EndObject || batchId is null || ops is null) return null;
        return new OpBatch { BatchId = batchId, Ops = ops, ExpectedCursor = expectedCursor, Atomic = atomic };
    }

    private static List<OpIntent>? ParseOps(ref Utf8JsonReader reader, ReadOnlySpan<byte> message)
    {
        if (reader.TokenType != JsonTokenType.StartArray) return null;
        var ops = new List<OpIntent>();
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            if (ParseOp(ref reader, message) is not { } op) return null;
            ops.Add(op);
        }

        return reader.TokenType == JsonTokenType.EndArray ? ops : null;
    }

    private static OpIntent? ParseOp(ref Utf8JsonReader reader, ReadOnlySpan<byte> message)
    {
        string? opId = null, verb = null, kind = null, key = null;
        long? seq = null;
        RawJson? data = null;
        IReadOnlyList<string>? dependsOn = null;
        bool? ifChanged = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueIsEscaped) return null;
            ReadOnlySpan<byte> name = reader.ValueSpan;
            if (!reader.Read()) return null;
            bool isText = reader.TokenType == JsonTokenType.String;
            if (name.SequenceEqual("data"u8)) data = ReadRaw(ref reader, message);
            else if (name.SequenceEqual("op_id"u8) && isText) opId = reader.GetString();
            else if (name.SequenceEqual("key"u8) && isText) key = reader.GetString();
            else if (name.SequenceEqual("verb"u8) && isText) verb = Known(ref reader, UsualVerbs);
            else if (name.SequenceEqual("kind"u8) && isText) kind = Known(ref reader, UsualKinds);
            else if (name.SequenceEqual("seq"u8) && TryReadNumber(ref reader, out long number)) seq = number;
            else if (name.SequenceEqual("if_changed"u8)
                && reader.TokenType is JsonTokenType.True or JsonTokenType.False)
            {
                ifChanged = reader.TokenType == JsonTokenType.True;
            }
            else if (!name.SequenceEqual("depends_on"u8) || (dependsOn = ParseTexts(ref reader)) is null)
            {
                return null;
            }
        }

        if (reader.TokenType != JsonTokenType.EndObject || opId is null || verb is null || kind is null || key is null)
            return null;
        return new OpIntent
        {
            OpId = opId, Seq = seq, Verb = verb, Kind = kind, Key = key, Data = data, DependsOn = dependsOn,
            IfChanged = ifChanged,
        };
    }

    /// <summary>Copies the value, so that the frame can be freed; null for JSON null.</summary>
    private static RawJson? ReadRaw(ref Utf8JsonReader reader, ReadOnlySpan<byte> message)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        return new RawJson(message[start..(int)reader.BytesConsumed].ToArray());
    }

    private static string? Known(ref Utf8JsonReader reader, string[] words)
    {
        foreach (string word in words)
        {
            if (reader.ValueTextEquals(word)) return word;
        }

        return reader.GetString();
    }

    private static bool TryReadNumber(ref Utf8JsonReader reader, out long number)
    {
        number = 0;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out number);
    }

    private static List<string>? ParseTexts(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray) return null;
        var texts = new List<string>();
        while (reader.Read() && reader.TokenType == JsonTokenType.String) texts.Add(reader.GetString()!);
        return reader.TokenType == JsonTokenType.EndArray ? texts : null;
    }
}
