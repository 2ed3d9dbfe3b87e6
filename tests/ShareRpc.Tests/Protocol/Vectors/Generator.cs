using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace ShareRpc.Tests.Protocol.Vectors;

/// <summary>
/// Turns a vector's value into JSON text: literals as they are written, objects and arrays without spaces, and the
/// generators <c>$repeat</c>, <c>$depth</c>, <c>$list</c>, <c>$index</c> and <c>$raw</c> of protocol/vectors/README.md
/// into what they stand for.
/// </summary>
internal static class Generator
{
    public static string Expand(JsonElement value)
    {
        var text = new StringBuilder();
        Write(text, value, index: 0);
        return text.ToString();
    }

    private static void Write(StringBuilder text, JsonElement value, int index)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Array:
                WriteAll(text, '[', ']', value.EnumerateArray(), item => Write(text, item, index));
                break;
            case JsonValueKind.Object when IsGenerator(value):
                Generate(text, value, index);
                break;
            case JsonValueKind.Object:
                WriteAll(text, '{', '}', value.EnumerateObject(), member =>
                {
                    text.Append('"').Append(Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8PropertyName(member))).Append(
                        "\":");
                    Write(text, member.Value, index);
                });
                break;
            case JsonValueKind.String:
                text.Append(value.GetRawText().Replace("{i}", index.ToString(CultureInfo.InvariantCulture),
                    StringComparison.Ordinal));
                break;
            default:
                text.Append(value.GetRawText());
                break;
        }
    }

    private static bool IsGenerator(JsonElement value) =>
        value.EnumerateObject().FirstOrDefault() is { Value.ValueKind: not JsonValueKind.Undefined } first
        && JsonMarshal.GetRawUtf8PropertyName(first) is [(byte)'$', ..];

    private static void Generate(StringBuilder text, JsonElement value, int index)
    {
        JsonProperty generator = value.EnumerateObject().First();
        int Times() => value.GetProperty("times").GetInt32();
        switch (generator.Name)
        {
            case "$repeat":
                string unit = generator.Value.GetString()!;
                text.Append('"').Append(new StringBuilder().Insert(0, unit, Times())).Append('"');
                break;
            case "$depth":
                text.Append('[', generator.Value.GetInt32()).Append(']', generator.Value.GetInt32());
                break;
            case "$list":
                WriteAll(text, '[', ']', Enumerable.Range(1, Times()), i => Write(text, generator.Value, i));
                break;
            case "$index":
                text.Append((index + generator.Value.GetInt32() - 1).ToString(CultureInfo.InvariantCulture));
                break;
            case "$raw":
                text.Append(generator.Value.GetString());
                break;
            default:
                throw new InvalidDataException($"No such generator: {generator.Name}.");
        }
    }

    private static void WriteAll<T>(StringBuilder text, char open, char close, IEnumerable<T> items, Action<T> write)
    {
        text.Append(open);
        bool first = true;
        foreach (T item in items)
        {
            if (!first) text.Append(',');
            first = false;
            write(item);
        }

        text.Append(close);
    }
}
