using ShareRpc.Sources.Opencode2;
using ShareRpc.Tests.Sources.Following;

namespace ShareRpc.Tests.Sources.Opencode2;

public sealed class Opencode2CanaryTests : IDisposable
{
    private readonly Opencode2Files files = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task A_reader_without_tools_sees_nothing_of_what_tools_or_subagents_were_given_or_answered()
    {
        files.Sql(Opencode2Files.Tables);
        files.Session("ses_1");
        files.Session("ses_child", "ses_1");
        Row("ses_1", "user", 1, """{"text":"What the user asked","time":{"created":1}}""");
        string tools = string.Join(',', new[]
        {
            """{"status":"running","input":{"command":"X"},"metadata":{"output":"X"}}""",
            """{"status":"completed","input":{"X":"X"},"content":[{"type":"text","text":"X"}],"metadata":{"a":"X"}}""",
            """{"status":"completed","input":{},"content":[{"type":"file","uri":"data:,X","name":"X","mime":"X"}]}""",
            """{"status":"error","input":{"path":"X"},"error":{"type":"unknown","message":"X"}}""",
            """
            {"status":"completed","input":{"prompt":"X","description":"X"},"content":[{"type":"text","text":"X"}],
             "metadata":{"sessionID":"ses_child"}}
            """,
        }.Select((state, at) => $$"""{"type":"tool","id":"call_{{at}}","name":"bash","state":{{state}} }"""));
        Row("ses_1", "assistant", 2, $$"""{"content":[{"type":"text","text":"What the model said"},{{tools}}]}""");
        Row("ses_1", "shell", 3, """{"callID":"s","command":"X","output":"X"}""");
        Row("ses_1", "compaction", 4, """{"status":"completed","reason":"auto","summary":"X","recent":"X"}""");
        Row("ses_1", "unheard-of", 5, """{"X":"X"}""");
        Row("ses_child", "user", 6, """{"text":"X"}""");
        Row("ses_child", "assistant", 7,
            """{"content":[{"type":"text","text":"X"},{"type":"reasoning","text":"hm"}]}""");
        Row("ses_child", "synthetic", 8, """{"text":"X"}""");

        await SharedCanary.AssertHiddenAsync(
            new Opencode2Storage(files.Path), files.Folder, "What the user asked", timeout);
    }

    private void Row(string session, string type, int seq, string data) => files.Row(
        session, $"msg_{seq}", type, seq, data.Replace("X", SharedCanary.Word, StringComparison.Ordinal));
}
