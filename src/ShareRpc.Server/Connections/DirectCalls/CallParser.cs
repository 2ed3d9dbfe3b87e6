using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Connections.Handles;

namespace ShareRpc.Server.Connections.DirectCalls;

/// <summary>
/// Parses <c>appendOps</c> and <c>readOps</c> from bytes. Other notations (member order, escapes, odd types, bad JSON)
/// are left to the RPC layer, without side effects.
/// </summary>
internal static class CallParser
{
    /// <summary>Longer ids go to the RPC layer.</summary>
    private const int MaxIdBytes = 128;

    /// <summary>Longer ones go to the RPC layer.</summary>
    private const int MaxTraceBytes = 512;

    private const int MaxDepth = 64;

    /// <summary>Returns null for any other message or handle.</summary>
    public static ParsedCall? Parse(ReadOnlySpan<byte> message, Func<long, ShareHandle?> find)
    {
        try
        {
            var reader = new Utf8JsonReader(message, new JsonReaderOptions { MaxDepth = MaxDepth });
            return Parse(ref reader, message, find);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static ParsedCall? Parse(ref Utf8JsonReader reader, ReadOnlySpan<byte> message,
        Func<long, ShareHandle?> find)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return null;
        if (!NextMember(ref reader, "jsonrpc"u8) || !reader.ValueTextEquals("2.0"u8)) return null;
        if (!NextMember(ref reader, "id"u8) || ReadId(ref reader, message) is not { } id) return null;
        if (!NextMember(ref reader, "method"u8) || reader.TokenType != JsonTokenType.String || reader.ValueIsEscaped)
            return null;
        (long number, DirectMethod method) = MethodOf(reader.ValueSpan);
        if (method == DirectMethod.None || find(number) is not { } handle || !NextMember(ref reader, "params"u8))
            return null;

        // One object, or an array of one (SPEC section "JSON-RPC").
        bool isArray = reader.TokenType == JsonTokenType.StartArray;
        if (isArray) reader.Read();
        var call = new ParsedCall(id, handle, method);
        if (method == DirectMethod.AppendOps)
        {
            if (BatchParser.Parse(ref reader, message) is not { } batch) return null;
            call = call with { Batch = batch };
        }
        else
        {
            if (ParseRead(ref reader) is not { } read) return null;
            call = call with { Read = read };
        }

        if (isArray && (!reader.Read() || reader.TokenType != JsonTokenType.EndArray)) return null;
        return ParseEnd(ref reader, call);
    }

    /// <summary>Parses what may follow the params: <c>traceparent</c>, then <c>tracestate</c> ([RPC-15]).</summary>
    private static ParsedCall? ParseEnd(ref Utf8JsonReader reader, ParsedCall call)
    {
        if (!reader.Read()) return null;
        if (IsMember(ref reader, "traceparent"u8))
        {
            if (!ReadPlainText(ref reader)) return null;
            string traceParent = Encoding.UTF8.GetString(reader.ValueSpan);
            if (!reader.Read()) return null;
            if (IsMember(ref reader, "tracestate"u8) && !(ReadPlainText(ref reader) && reader.Read())) return null;
            call = call with { TraceParent = traceParent };
        }

        return reader.TokenType == JsonTokenType.EndObject && !reader.Read() ? call : null;
    }

    private static bool IsMember(ref Utf8JsonReader reader, ReadOnlySpan<byte> name) =>
        reader.TokenType == JsonTokenType.PropertyName && !reader.ValueIsEscaped
        && reader.ValueSpan.SequenceEqual(name);

    private static bool ReadPlainText(ref Utf8JsonReader reader) => reader.Read()
        && reader.TokenType == JsonTokenType.String && !reader.ValueIsEscaped
        && reader.ValueSpan.Length <= MaxTraceBytes;

    /// <summary>Moves to the next member's value; its name must match without escapes.</summary>
    private static bool NextMember(ref Utf8JsonReader reader, ReadOnlySpan<byte> name) =>
        reader.Read() && IsMember(ref reader, name) && reader.Read();

    /// <summary>Returns the id's bytes; null if neither integer nor string.</summary>
    private static byte[]? ReadId(ref Utf8JsonReader reader, ReadOnlySpan<byte> message)
    {
        bool isId = reader.TokenType == JsonTokenType.String
            || (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out _));
        int length = (int)(reader.BytesConsumed - reader.TokenStartIndex);
        return isId && length <= MaxIdBytes ? message.Slice((int)reader.TokenStartIndex, length).ToArray() : null;
    }

    /// <summary>Parses <c>$/invokeProxy/{handle}/{method}</c>.</summary>
    private static (long Handle, DirectMethod Method) MethodOf(ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> prefix = "$/invokeProxy/"u8;
        if (!name.StartsWith(prefix)) return default;
        name = name[prefix.Length..];
        int slash = name.IndexOf((byte)'/');
        if (slash <= 0 || !Utf8Parser.TryParse(name[..slash], out long handle, out int used) || used != slash)
        {
            return default;
        }

        name = name[(slash + 1)..];
        if (name.SequenceEqual("appendOps"u8)) return (handle, DirectMethod.AppendOps);
        return name.SequenceEqual("readOps"u8) ? (handle, DirectMethod.ReadOps) : default;
    }

    private static ReadOpsRequest? ParseRead(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject) return null;
        long after = 0;
        int? limit = null, maxBytes = null, waitMs = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueIsEscaped) return null;
            ReadOnlySpan<byte> name = reader.ValueSpan;
            if (!reader.Read() || reader.TokenType != JsonTokenType.Number) return null;
            if (name.SequenceEqual("after"u8) && reader.TryGetInt64(out long cursor)) after = cursor;
            else if (!reader.TryGetInt32(out int number)) return null;
            else if (name.SequenceEqual("limit"u8)) limit = number;
            else if (name.SequenceEqual("max_bytes"u8)) maxBytes = number;
            else if (name.SequenceEqual("wait_ms"u8)) waitMs = number;
            else return null;
        }

        if (reader.TokenType != JsonTokenType.EndObject) return null;
        return new ReadOpsRequest { After = after, Limit = limit, MaxBytes = maxBytes, WaitMs = waitMs };
    }
}
