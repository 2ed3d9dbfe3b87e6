using System.Text.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.ClaudeCode;

/// <summary>The tokens of a reply, or of many.</summary>
internal sealed record Usage(long Input = 0, long Output = 0, long Read = 0, long Write = 0)
{
    public static Usage Of(JsonElement? json) => json is not { } usage ? new Usage() : new Usage(
        usage.Number("input_tokens") ?? 0, usage.Number("output_tokens") ?? 0,
        usage.Number("cache_read_input_tokens") ?? 0, usage.Number("cache_creation_input_tokens") ?? 0);

    public static Usage operator +(Usage one, Usage other) => new(
        one.Input + other.Input, one.Output + other.Output, one.Read + other.Read, one.Write + other.Write);

    public static Usage operator -(Usage one, Usage other) => new(
        one.Input - other.Input, one.Output - other.Output, one.Read - other.Read, one.Write - other.Write);

    /// <summary>Writes the member <c>tokens</c>.</summary>
    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject("tokens");
        json.WriteNumber("input", Input);
        json.WriteNumber("output", Output);
        json.WriteNumber("reasoning", 0);
        json.WriteNumber("total", Input + Output + Read + Write);
        json.WriteStartObject("cache");
        json.WriteNumber("read", Read);
        json.WriteNumber("write", Write);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
