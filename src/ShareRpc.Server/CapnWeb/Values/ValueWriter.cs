using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Server.CapnWeb.Values;

/// <summary>Writes values as expressions.</summary>
internal static class ValueWriter
{
    /// <param name="value">Without promises.</param>
    /// <param name="message">What it is written to.</param>
    /// <param name="refer">Returns the word and the id by which the peer knows an object.</param>
    public static void Write(CapValue value, IBufferWriter<byte> message, Func<CapTarget, (string Word, long Id)> refer)
    {
        switch (value)
        {
            case JsonValue json:
                WireJson.FromJson(json.Utf8.Span, message);
                break;
            case SpecialValue special:
                message.Write(special.Utf8.Span);
                break;
            case StubValue stub:
                (string word, long id) = refer(stub.Target);
                Write(message, string.Create(CultureInfo.InvariantCulture, $"[\"{word}\",{id}]"));
                break;
            case ListValue list:
                message.Write("[["u8);
                WriteAll(list.Items, message, item => Write(item, message, refer));
                message.Write("]]"u8);
                break;
            case ObjectValue members:
                message.Write("{"u8);
                WriteAll(members.Members, message, member =>
                {
                    WriteName(message, member.Key);
                    message.Write(":"u8);
                    Write(member.Value, message, refer);
                });
                message.Write("}"u8);
                break;
            default:
                throw new InvalidOperationException("A promise has no form of its own here.");
        }
    }

    public static void WriteName(IBufferWriter<byte> message, string name) =>
        message.Write(JsonSerializer.SerializeToUtf8Bytes(name, ProtocolJson.Options));

    public static void Write(IBufferWriter<byte> message, string text) => Encoding.UTF8.GetBytes(text, message);

    private static void WriteAll<T>(IReadOnlyList<T> items, IBufferWriter<byte> message, Action<T> write)
    {
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0) message.Write(","u8);
            write(items[i]);
        }
    }
}
