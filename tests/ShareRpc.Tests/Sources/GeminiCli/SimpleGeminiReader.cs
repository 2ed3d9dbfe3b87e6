using System.Text.Json.Nodes;

namespace ShareRpc.Tests.Sources.GeminiCli;

/// <summary>Counts what a session's files hold, from the last record of each id; of other making.</summary>
internal sealed class SimpleGeminiReader
{
    private readonly Dictionary<string, JsonNode> records = [];

    public SimpleGeminiReader(string tmp, string session)
    {
        foreach (string path in Directory.EnumerateFiles(tmp, "*.jsonl", SearchOption.AllDirectories))
        {
            List<JsonNode> lines = [.. File.ReadLines(path).Select(line => JsonNode.Parse(line)!)];
            bool isOwn = (string?)lines[0]["sessionId"] == session
                || Path.GetFileName(Path.GetDirectoryName(path)) == session;
            if (!isOwn) continue;
            foreach (JsonNode line in lines.Where(line => line["id"] is not null)) records[(string)line["id"]!] = line;
        }
    }

    public int Prompts => records.Values.Count(record => (string?)record["type"] == "user"
        && !$"{record["content"]}".Contains("functionResponse", StringComparison.Ordinal));

    public int Replies => records.Values.Count(record => (string?)record["type"] == "gemini");

    public int ToolCalls => Calls.Count();

    public int ToolResults => Calls.Count(call => (string?)call["status"] is "success" or "error");

    public int Thoughts => records.Values.Sum(record => record["thoughts"]?.AsArray().Count ?? 0);

    public long Tokens => records.Values.Sum(record => (long?)record["tokens"]?["total"] ?? 0);

    private IEnumerable<JsonNode> Calls =>
        records.Values.SelectMany(record => record["toolCalls"]?.AsArray().Select(call => call!) ?? []);
}
