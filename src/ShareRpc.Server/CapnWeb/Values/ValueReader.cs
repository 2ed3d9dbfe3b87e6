using System.Buffers.Text;
using System.Text.Json;
using ShareRpc.Server.Connections.DirectCalls;

namespace ShareRpc.Server.CapnWeb.Values;

/// <summary>
/// Reads the expressions of one message, and makes the calls in them. What it refuses for good is a
/// <see cref="CapProtocolException"/>; what this server has no use for is a <see cref="CapRejectedException"/>.
/// </summary>
internal ref struct ValueReader(ReadOnlySpan<byte> message, IReferences references)
{
    private const int MaxBigintDigits = 16_384;

    /// <summary>Arguments that are plain JSON are not read value by value, so that honest messages have few.</summary>
    private const int MaxValues = 65_536;

    private static readonly string[] ByteKinds =
    [
        "ArrayBuffer", "DataView", "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array",
        "Int32Array", "Uint32Array", "BigInt64Array", "BigUint64Array", "Float32Array", "Float64Array",
    ];

    private readonly ReadOnlySpan<byte> message = message;
    private readonly IReferences references = references;
    private List<CapValue>? made;
    private int values;

    /// <summary>Reads the expression at which the reader stands. Gives up what it made when it throws.</summary>
    public CapValue Read(ref Utf8JsonReader reader)
    {
        try
        {
            return ReadValue(ref reader);
        }
        catch
        {
            foreach (CapValue value in made ?? []) value.Drop();
            throw;
        }
    }

    private CapValue ReadValue(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        _ when ++values > MaxValues => throw new CapProtocolException("more values than a message may have"),
        JsonTokenType.StartObject => ReadObject(ref reader),
        JsonTokenType.StartArray => ReadArray(ref reader),
        JsonTokenType.EndArray => throw new CapProtocolException("a message without its expression"),
        _ => new JsonValue(message[(int)reader.TokenStartIndex..(int)reader.BytesConsumed].ToArray()),
    };

    private ObjectValue ReadObject(ref Utf8JsonReader reader)
    {
        var members = new List<KeyValuePair<string, CapValue>>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            members.Add(KeyValuePair.Create(name, ReadValue(ref reader)));
        }

        return new ObjectValue(members);
    }

    private CapValue ReadArray(ref Utf8JsonReader reader)
    {
        int start = (int)reader.TokenStartIndex;
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            List<CapValue> items = ReadItems(ref reader);
            End(ref reader);
            return new ListValue(items);
        }

        if (reader.TokenType != JsonTokenType.String) throw new CapProtocolException("an array that is no expression");
        string kind = reader.GetString()!;
        switch (kind)
        {
            case "import" or "pipeline":
                return Keep(ReadReference(ref reader, isPromise: kind == "pipeline"));
            case "export" or "promise":
                long id = Next(ref reader, JsonTokenType.Number).GetInt64();
                End(ref reader);
                if (id >= 0) throw new CapProtocolException("an export that the receiver would have chosen");
                return Keep(kind == "export" ? references.Import(id) : references.ImportPromise(id));
            case "stream" or "pipe" or "blob" or "readable" or "writable" or "remap" or "headers" or "request"
                or "response":
                throw new CapRejectedException(CapErrors.Unsupported(kind));
            case "error":
                return ReadError(ref reader);
            default:
                CheckSpecial(kind, ref reader);
                return new SpecialValue(kind, message[start..(int)reader.BytesConsumed].ToArray());
        }
    }

    private List<CapValue> ReadItems(ref Utf8JsonReader reader)
    {
        var items = new List<CapValue>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) items.Add(ReadValue(ref reader));
        return items;
    }

    /// <summary>Reads <c>id, path?, arguments?]</c>.</summary>
    private CapValue ReadReference(ref Utf8JsonReader reader, bool isPromise)
    {
        CapPromise subject = references.Find(Next(ref reader, JsonTokenType.Number).GetInt64());
        var path = new List<string>();
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) path.Add(NameOf(ref reader));
            reader.Read();
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            if (reader.TokenType != JsonTokenType.EndArray) throw new CapProtocolException("a reference of odd form");
            return references.Get(subject, path, isPromise);
        }

        int before = made?.Count ?? 0;
        CapArguments arguments = ReadArguments(ref reader);
        End(ref reader);
        made?.RemoveRange(before, made.Count - before); // they are the call's now
        return references.Call(subject, path, arguments);
    }

    /// <summary>Reads arguments: plain JSON into one buffer, anything else as values.</summary>
    private CapArguments ReadArguments(ref Utf8JsonReader reader)
    {
        var buffer = new ReplyBuffer();
        var plain = new List<(int Start, int End)>();
        Utf8JsonReader begin = reader;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            int start = buffer.Written.Length;
            if (!WireJson.TryToJson(ref reader, message, buffer))
            {
                buffer.Dispose();
                reader = begin;
                return new CapArguments(ReadItems(ref reader), buffer: null);
            }

            plain.Add((start, buffer.Written.Length));
        }

        ReadOnlyMemory<byte> written = buffer.Written;
        return new CapArguments([.. plain.Select(item => new JsonValue(written[item.Start..item.End]))], buffer);
    }

    /// <summary>Reads the name and the message; stack and properties of a peer's error go nowhere.</summary>
    private SpecialValue ReadError(ref Utf8JsonReader reader)
    {
        string name = Next(ref reader, JsonTokenType.String).GetString()!;
        string text = Next(ref reader, JsonTokenType.String).GetString()!;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            int before = made?.Count ?? 0;
            ReadValue(ref reader).Drop();
            made?.RemoveRange(before, made.Count - before);
        }

        return CapErrors.Of(name, text);
    }

    private static void CheckSpecial(string kind, ref Utf8JsonReader reader)
    {
        reader.Read();
        bool isFine = kind switch
        {
            "undefined" or "inf" or "-inf" or "nan" => reader.TokenType == JsonTokenType.EndArray,
            "date" => reader.TokenType is JsonTokenType.Number or JsonTokenType.Null,
            "bigint" => reader.TokenType == JsonTokenType.String && IsInteger(reader.ValueSpan),
            "bytes" => reader.TokenType == JsonTokenType.String && IsBase64(reader.ValueSpan),
            "url" => reader.TokenType == JsonTokenType.String
                && Uri.TryCreate(reader.GetString(), UriKind.Absolute, out _),
            _ => false,
        };
        if (!isFine) throw new CapProtocolException("an expression of unknown kind or form");
        if (reader.TokenType == JsonTokenType.EndArray) return;
        reader.Read();
        if (kind == "bytes" && reader.TokenType == JsonTokenType.String)
        {
            if (!ByteKinds.Contains(reader.GetString())) throw new CapProtocolException("bytes of unknown kind");
            reader.Read();
        }

        if (reader.TokenType != JsonTokenType.EndArray) throw new CapProtocolException("an expression that goes on");
    }

    private static bool IsInteger(ReadOnlySpan<byte> text)
    {
        if (text.StartsWith("-"u8)) text = text[1..];
        return text.Length is > 0 and <= MaxBigintDigits && text.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0;
    }

    private static bool IsBase64(ReadOnlySpan<byte> text)
    {
        text = text.TrimEnd((byte)'=');
        if (text.Length % 4 == 1) return false;
        Span<byte> end = stackalloc byte[4];
        end.Fill((byte)'=');
        int whole = text.Length - (text.Length % 4);
        text[whole..].CopyTo(end);
        return Base64.IsValid(text[..whole]) && (whole == text.Length || Base64.IsValid(end));
    }

    private static string NameOf(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String => reader.GetString()!,
        JsonTokenType.Number => System.Text.Encoding.ASCII.GetString(reader.ValueSpan),
        _ => throw new CapProtocolException("a path of something else than names"),
    };

    private static Utf8JsonReader Next(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (!reader.Read() || reader.TokenType != type) throw new CapProtocolException("an expression of odd form");
        return reader;
    }

    private static void End(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.EndArray)
            throw new CapProtocolException("an expression that goes on");
    }

    private CapValue Keep(CapValue value)
    {
        (made ??= []).Add(value);
        return value;
    }
}
