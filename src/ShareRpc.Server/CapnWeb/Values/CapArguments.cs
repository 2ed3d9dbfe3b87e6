using System.Buffers;
using System.Text.Json;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Connections.DirectCalls;

namespace ShareRpc.Server.CapnWeb.Values;

/// <summary>The arguments of a call, with the buffer that holds those that are plain JSON.</summary>
internal sealed class CapArguments(IReadOnlyList<CapValue> items, ReplyBuffer? buffer) : IDisposable
{
    public IReadOnlyList<CapValue> Items => items;

    /// <summary>Gets how many bytes they take besides those of their message.</summary>
    public long Bytes => buffer is null ? items.Sum(ValuePath.SizeOf) : 0;

    /// <summary>Gets how many bytes the plain ones take; those of the first call count with its message.</summary>
    public long BufferBytes => buffer?.Written.Length ?? 0;

    /// <summary>
    /// Returns the arguments with each promise replaced by its result; all of them must have settled. Good until this
    /// is disposed.
    /// </summary>
    public CapArguments Settle() => new([.. items.Select(ValuePath.Settle)], buffer: null);

    /// <summary>
    /// Returns one argument as JSON; null if it is not there or undefined. Throws <c>invalid_params</c> for what has no
    /// form in JSON.
    /// </summary>
    public ReadOnlyMemory<byte>? JsonAt(int index)
    {
        if (index >= items.Count || items[index] is SpecialValue { Kind: "undefined" }) return null;
        if (items[index] is JsonValue json) return json.Utf8;
        var written = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(written)) Write(writer, items[index]);
        return written.WrittenMemory;
    }

    public void Dispose()
    {
        foreach (CapValue item in items) item.Drop();
        buffer?.Dispose();
    }

    private static void Write(Utf8JsonWriter writer, CapValue value)
    {
        switch (value)
        {
            case JsonValue json:
                writer.WriteRawValue(json.Utf8.Span, skipInputValidation: true);
                break;
            case ListValue list:
                writer.WriteStartArray();
                foreach (CapValue item in list.Items) Write(writer, item);
                writer.WriteEndArray();
                break;
            case ObjectValue members:
                writer.WriteStartObject();
                foreach ((string name, CapValue member) in members.Members)
                {
                    if (member is SpecialValue { Kind: "undefined" }) continue;
                    writer.WritePropertyName(name);
                    Write(writer, member);
                }

                writer.WriteEndObject();
                break;
            default:
                throw new ShareRpcException(ErrorCode.InvalidParams);
        }
    }
}
