using ShareRpc.Sources.Codex;
using ShareRpc.Sources.Following;
using ShareRpc.Tests.Sources.Following;

namespace ShareRpc.Tests.Sources.Codex;

public sealed class CodexContractTests : AdapterContract
{
    // Of both generations; the others are read by CodexFixtureTests.
    private static readonly string[] Scenarios =
        ["fork", "interrupt-steer", "killed", "multi-resume", "revert", "subagents-v1"];

    protected override IEnumerable<string> Homes => [MadeHome(), .. AgentFixtures.Scenarios("codex")
        .Where(scenario => Scenarios.Contains(Path.GetFileName(scenario))).Select(AgentFixtures.Home)];

    internal override IAgentStorage? Storage(AgentHome home) => CodexStorage.On(home);

    internal override string UnknownLine(AgentSession session) =>
        """{"timestamp":"2026-11-30T12:00:00Z","type":"tomorrow","payload":{"what":"nobody knows"}}""";

    internal override SessionCounts Count(AgentSession session)
    {
        string folder = session.Path[..session.Path.IndexOf(".codex", StringComparison.Ordinal)];
        var simple = new SimpleCodexReader(Path.Combine(folder, ".codex"), session.Id);
        return new SessionCounts(
            simple.UserMessages, simple.Replies, simple.ToolCalls, simple.ToolResults, simple.Tokens, Cost: null);
    }

    /// <summary>Writes a session of the older generation, which is there on every machine.</summary>
    private string MadeHome()
    {
        string home = Made["made"];
        if (Directory.Exists(home)) return home;
        using var made = new CodexHome();
        made.Begin().Turn("t1", "one", "1").Event("task_started", new { turn_id = "t2" })
            .Event("user_message", new { message = "two" }).Call("a", "exec_command", """{"cmd":"ls"}""")
            .Item("function_call_output", new { call_id = "a", output = "a\nb" })
            .Event("agent_message", new { message = "2" }).Event("task_complete", new { turn_id = "t2" })
            .Turn("t3", "three", "3");
        string folder = Path.Combine(home, ".codex", "sessions", "2026", "11", "30");
        Directory.CreateDirectory(folder);
        File.Copy(made.File, Path.Combine(folder, Path.GetFileName(made.File)));
        return home;
    }
}
