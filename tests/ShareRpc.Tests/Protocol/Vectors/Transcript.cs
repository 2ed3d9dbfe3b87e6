using System.Text.Json;

namespace ShareRpc.Tests.Protocol.Vectors;

/// <summary>
/// A conversation of the specification: its heading, and each call with its answer, null where the reply was lost.
/// </summary>
internal sealed record Transcript(string Heading, IReadOnlyList<(JsonElement Call, JsonElement? Answer)> Calls)
{
    public static Transcript Parse(string heading, string lines)
    {
        var calls = new List<(JsonElement Call, JsonElement? Answer)>();
        foreach (string line in LinesOf(lines))
        {
            JsonElement message = JsonSerializer.Deserialize<JsonElement>(line[3..]);
            if (line.StartsWith("->", StringComparison.Ordinal)) calls.Add((message, null));
            else calls[^1] = (calls[^1].Call, message);
        }

        return new Transcript(heading, calls);
    }

    /// <summary>Returns a message a line: a line that begins with spaces goes on with the message before.</summary>
    public static IEnumerable<string> LinesOf(string text) =>
        text.Replace("\n   ", "", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
