using ShareRpc.Sources.Following;
using ShareRpc.Sources.GeminiCli;
using ShareRpc.Tests.Sources.Following;

namespace ShareRpc.Tests.Sources.GeminiCli;

public sealed class GeminiContractTests : AdapterContract
{
    // The others are read by GeminiFixtureTests.
    private static readonly string[] Scenarios = ["compress", "killed", "multi-resume", "subagents"];

    protected override IEnumerable<string> Homes => [MadeHome(), .. AgentFixtures.Scenarios("gemini-cli")
        .Where(scenario => Scenarios.Contains(Path.GetFileName(scenario))).Select(AgentFixtures.Home)];

    internal override IAgentStorage? Storage(AgentHome home) => GeminiStorage.On(home);

    internal override string UnknownLine(AgentSession session) =>
        """{"id":"t","timestamp":"2026-11-30T12:00:00Z","type":"tomorrow","content":"what nobody knows"}""";

    internal override SessionCounts Count(AgentSession session)
    {
        var simple = new SimpleGeminiReader(Path.GetDirectoryName(session.Path)!, session.Id);
        return new SessionCounts(
            simple.Prompts, simple.Replies, simple.ToolCalls, simple.ToolResults, simple.Tokens, Cost: null);
    }

    /// <summary>Writes a session that is there on every machine.</summary>
    private string MadeHome()
    {
        string chats = Made["made/.gemini/tmp/project/chats"];
        if (Directory.Exists(chats)) return Made["made"];
        Directory.CreateDirectory(chats);
        File.WriteAllLines(Path.Combine(chats, "session-2026-11-30T10-00-made.jsonl"),
        [
            """{"sessionId":"made","projectHash":"h","startTime":"2026-11-30T10:00:00Z","kind":"main"}""",
            """{"id":"u1","timestamp":"2026-11-30T10:00:01Z","type":"user","content":[{"text":"one"}]}""",
            """{"id":"m1","timestamp":"2026-11-30T10:00:02Z","type":"gemini","content":"1","tokens":{"total":5}}""",
            """{"$set":{"lastUpdated":"2026-11-30T10:00:02Z"}}""",
            """{"id":"u2","timestamp":"2026-11-30T10:00:03Z","type":"user","content":[{"text":"two"}]}""",
            """{"id":"m2","timestamp":"2026-11-30T10:00:04Z","type":"gemini","content":"2"}""",
        ]);
        return Made["made"];
    }
}
