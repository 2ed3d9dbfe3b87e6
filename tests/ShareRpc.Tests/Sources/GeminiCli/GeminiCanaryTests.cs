using ShareRpc.Sources.Following;
using ShareRpc.Sources.GeminiCli;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Sources.Following;

namespace ShareRpc.Tests.Sources.GeminiCli;

public sealed class GeminiCanaryTests : IDisposable
{
    private readonly TemporaryDirectory home = new();

    public void Dispose() => home.Dispose();

    [Fact]
    public async Task Nothing_that_a_tool_got_or_gave_reaches_a_reader_from_whom_tools_are_hidden()
    {
        string chats = Path.Combine(home.Path, ".gemini", "tmp", "project", "chats");
        Directory.CreateDirectory(chats);
        const string response =
            """{"functionResponse":{"id":"I","response":{"output":"canary-7c1e","error":"canary-7c1e"}}}""";
        const string picture = """{"inlineData":{"mimeType":"image/png","data":"canary-7c1e"}}""";
        const string args = """{"command":"canary-7c1e","file_path":"canary-7c1e","prompt":"canary-7c1e"}""";
        const string display = """{"fileDiff":"canary-7c1e","result":"canary-7c1e","filePath":"canary-7c1e"}""";
        string result = $"[{response},{picture}]";
        string call = $"\"id\":\"I\",\"name\":\"N\",\"args\":{args},\"result\":{result},"
            + $"\"description\":\"canary-7c1e\",\"status\":\"S\",\"agentId\":\"sub\",\"resultDisplay\":{display}";
        string[] names = ["run_shell_command", "replace", "write_todos", "invoke_agent", "unknown"];
        string[] states = ["success", "error", "cancelled", "executing"];
        IEnumerable<string> calls = names.SelectMany(name => states.Select(state => "{" + call
            .Replace("\"N\"", $"\"{name}\"", StringComparison.Ordinal)
            .Replace("\"S\"", $"\"{state}\"", StringComparison.Ordinal)
            .Replace("\"I\"", $"\"{name}{state}\"", StringComparison.Ordinal) + "}"));
        File.WriteAllLines(Path.Combine(chats, "session-2026-11-30T10-00-s1.jsonl"),
        [
            """{"sessionId":"s1","projectHash":"h","startTime":"2026-11-30T10:00:00Z"}""",
            """{"id":"u","timestamp":"2026-11-30T10:00:01Z","type":"user","content":"question"}""",
            "{\"id\":\"m\",\"type\":\"gemini\",\"content\":\"answer\",\"toolCalls\":[" + string.Join(',', calls) + "]}",
            "{\"id\":\"r\",\"type\":\"user\",\"content\":" + result + "}",
            """{"id":"e","timestamp":"2026-11-30T10:00:04Z","type":"error","content":"canary-7c1e"}""",
            """{"id":"s","timestamp":"2026-11-30T10:00:05Z","type":"user","content":"<state_snapshot>canary-7c1e"}""",
        ]);
        GeminiStorage storage = GeminiStorage.On(new AgentHome(home.Path, home["state"], _ => null))!;
        ReadSession whole = ReadSession.Whole(storage);
        Assert.Equal(20, whole.Tools.Count(tool =>
            tool.GetRawText().Contains(SharedCanary.Word, StringComparison.Ordinal)));
        using ISessionReader reader = storage.Open(storage.Sessions()[0], null);
        List<string> shown = [.. RedactedView.Of(reader)];
        Assert.Contains(shown, json => json.Contains("\"answer\"", StringComparison.Ordinal));
        Assert.DoesNotContain(shown, json => json.Contains(SharedCanary.Word, StringComparison.Ordinal));
        var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await SharedCanary.AssertHiddenAsync(storage, home.Path, "answer", timeout.Token);
    }
}
