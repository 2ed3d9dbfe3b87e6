using System.Text.Json.Nodes;
using ShareRpc.Sources.ClaudeCode;
using ShareRpc.Sources.Following;
using ShareRpc.Tests.Sources.Following;

namespace ShareRpc.Tests.Sources.ClaudeCode;

public sealed class ClaudeContractTests : AdapterContract
{
    private static readonly string[] ProgramText =
    [
        "<command-", "<bash-stdout>", "<bash-stderr>", "<local-command", "[Request interrupted by user",
        "Caveat: The messages below were generated", "<task-notification>",
    ];

    protected override IEnumerable<string> Homes =>
        [MadeHome(), PublicHome(), .. AgentFixtures.Scenarios("claude-code").Select(AgentFixtures.Home)];

    internal override IAgentStorage? Storage(AgentHome home) => ClaudeStorage.On(home);

    internal override string UnknownLine(AgentSession session) =>
        """{"type":"tomorrow","sessionId":"x","content":"what nobody knows"}""";

    /// <summary>Counts by JSON nodes: ids of replies once, blocks, results, and what the last cost line says.</summary>
    internal override SessionCounts Count(AgentSession session)
    {
        string folder = Path.Combine(Path.ChangeExtension(session.Path, null), "subagents");
        string[] files = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.jsonl") : [];
        List<JsonObject> lines =
            [.. files.Prepend(session.Path).SelectMany(File.ReadLines).Select(Parsed).OfType<JsonObject>()];
        List<JsonObject> replies = [.. lines.Where(line => (string?)line["type"] == "assistant")];
        List<JsonObject> users = [.. lines.Where(line => (string?)line["type"] == "user")];
        IEnumerable<JsonObject> last =
            replies.GroupBy(line => (string?)line["message"]!["id"]).Select(same => same.Last());
        int queued = lines.Count(line => (string?)line["attachment"]?["type"] == "queued_command"
            && !$"{line["attachment"]!["prompt"]}".Contains("<task-notification>", StringComparison.Ordinal));
        return new SessionCounts(
            users.Count(IsOfUser) + queued, replies.Select(line => (string?)line["message"]!["id"]).Distinct().Count(),
            replies.Sum(line => Blocks(line).Count(block => (string?)block["type"] == "tool_use"))
                + users.Count(line => TextOf(line).StartsWith("<bash-input>", StringComparison.Ordinal)),
            users.Sum(line => Blocks(line).Count(block => (string?)block["type"] == "tool_result"))
                + users.Count(line => TextOf(line).StartsWith("<bash-stdout>", StringComparison.Ordinal)),
            last.Sum(line => Tokens(line["message"]!["usage"])),
            lines.Where(line => (string?)line["type"] == "cost-state")
                .Select(line => (decimal?)line["totalCostUSD"]).LastOrDefault());
    }

    private static bool IsOfUser(JsonObject line)
    {
        if ((line["message"] as JsonObject)?["content"] is null) return false;
        if (Blocks(line).Any(block => (string?)block["type"] == "tool_result")) return false;
        if ((bool?)line["isMeta"] == true || (bool?)line["isCompactSummary"] == true) return false;
        string text = TextOf(line);
        return text.StartsWith("<command-", StringComparison.Ordinal)
            || !ProgramText.Any(begin => text.StartsWith(begin, StringComparison.Ordinal));
    }

    private static string TextOf(JsonObject line) => (line["message"] as JsonObject)?["content"] is JsonValue content
        ? (string)content! : string.Join('\n', Blocks(line).Select(block => (string?)block["text"]));

    private static IEnumerable<JsonObject> Blocks(JsonObject line) =>
        (line["message"] as JsonObject)?["content"] is JsonArray blocks ? blocks.OfType<JsonObject>() : [];

    private static long Tokens(JsonNode? usage) => new[]
    {
        "input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens",
    }.Sum(name => (long?)usage?[name] ?? 0);

    private static JsonObject? Parsed(string line)
    {
        try
        {
            return JsonNode.Parse(line) as JsonObject;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes a session with a rewind, parallel tools, a subagent and a summary.</summary>
    private string MadeHome()
    {
        string project = Made["made/.claude/projects/-home-dev-project"];
        if (Directory.Exists(project)) return Made["made"];
        Directory.CreateDirectory(project);
        SampleSession.Write(Path.Combine(project, "made-session.jsonl"));
        return Made["made"];
    }

    /// <summary>Puts the public files, each of which is one transcript, into a home folder.</summary>
    private string PublicHome()
    {
        string project = Made["public/.claude/projects/-public"];
        Directory.CreateDirectory(project);
        string folder = Path.Combine($"{AgentFixtures.Folder}-public", "claude-code");
        if (!Directory.Exists(folder)) return Made["public"];
        foreach (string file in Directory.EnumerateFiles(folder, "*.jsonl", SearchOption.AllDirectories))
            File.WriteAllBytes(Path.Combine(project, Path.GetFileName(file)), File.ReadAllBytes(file));
        return Made["public"];
    }
}
