using System.Buffers.Text;
using System.Text.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Connections.Handles;

namespace ShareRpc.Server.Connections.DirectCalls;

/// <summary>
/// Reads the two calls that are most of all traffic, <c>appendOps</c> and <c>readOps</c> of a share handle, straight
/// from a message's bytes. Whatever is not written as clients write it (another order of members, escapes in names, an
/// odd type, bad JSON) is not for this: then nothing has happened, and the RPC layer judges the message.
/// </summary>
internal static class CallParser
{
    /// <summary>A request id that is longer is the RPC layer's to echo.</summary>
    private const int MaxIdBytes = 128;

    /// <summary>As deep as the RPC layer parses an envelope.</summary>
    private const int MaxDepth = 64;

    /// <summary>The call, or null when the message is none of the two, or no call on one of these handles.</summary>
    public static ParsedCall? Parse(ReadOnlySpan<byte> message, Func<long, ShareHandle?> find)
    {
        try
        {
            var reader = new Utf8JsonReader(message, new JsonReaderOptions { MaxDepth = MaxDepth });
            return Parse(ref reader, message, find);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Not JSON, or text that is no Unicode.
            return null;
        }
    }

    private static ParsedCall? Parse(ref Utf8JsonReader reader, ReadOnlySpan<byte> message, Func<long, ShareHandle?> find)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return null;
        if (!NextMember(ref reader, "jsonrpc"u8) || !reader.ValueTextEquals("2.0"u8)) return null;
        if (!NextMember(ref reader, "id"u8) || ReadId(ref reader, message) is not { } id) return null;
        if (!NextMember(ref reader, "method"u8) || reader.TokenType != JsonTokenType.String || reader.ValueIsEscaped) return null;
        (long number, DirectMethod method) = MethodOf(reader.ValueSpan);
        if (method == DirectMethod.None || find(number) is not { } handle || !NextMember(ref reader, "params"u8)) return null;

        // One object, or that object as the only element of an array (SPEC section "JSON-RPC").
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
        return reader.Read() && reader.TokenType == JsonTokenType.EndObject && !reader.Read() ? call : null;
    }

    /// <summary>Goes to the value of the next member, which must have that name, written plainly.</summary>
    private static bool NextMember(ref Utf8JsonReader reader, ReadOnlySpan<byte> name) =>
        reader.Read() && reader.TokenType == JsonTokenType.PropertyName && !reader.ValueIsEscaped && reader.ValueSpan.SequenceEqual(name)
        && reader.Read();

    /// <summary>An id's very bytes, to be echoed; null for one that is neither an integer nor a string.</summary>
    private static byte[]? ReadId(ref Utf8JsonReader reader, ReadOnlySpan<byte> message)
    {
        bool isId = reader.TokenType == JsonTokenType.String || (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out _));
        int length = (int)(reader.BytesConsumed - reader.TokenStartIndex);
        return isId && length <= MaxIdBytes ? message.Slice((int)reader.TokenStartIndex, length).ToArray() : null;
    }

    /// <summary>Of <c>$/invokeProxy/{handle}/{method}</c>.</summary>
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
