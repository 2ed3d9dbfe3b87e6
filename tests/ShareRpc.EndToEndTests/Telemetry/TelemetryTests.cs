namespace ShareRpc.EndToEndTests.Telemetry;

/// <summary>A collector and Prometheus see an op go from an agent's session to the log, over real processes.</summary>
public sealed class TelemetryTests
{
    private const string Transcript = """
        {"type":"user","uuid":"a1","parentUuid":null,"sessionId":"5f0c8d1e-0000-4000-8000-000000000001","cwd":"/work",
        "version":"2.0.0","timestamp":"2026-11-30T08:00:00.000Z","message":{"role":"user","content":"hello"}}
        """;

    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [Fact]
    public async Task A_collector_sees_the_whole_trace_of_an_op_and_prometheus_its_count_and_neither_sees_a_secret()
    {
        await using var world = new World();
        await using var collector = new OtlpCollector();
        var environment = new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
            ["SHARERPC_METRICS_URLS"] = "http://127.0.0.1:0",
        };
        await world.StartServerAsync(environment, ["--json"], timeout);
        string project = Directory.CreateDirectory(world.PathOf("claude/projects/-work")).FullName;
        await File.WriteAllTextAsync(Path.Combine(project, "5f0c8d1e-0000-4000-8000-000000000001.jsonl"),
            Transcript.ReplaceLineEndings("") + "\n", timeout);
        environment["CLAUDE_CONFIG_DIR"] = world.PathOf("claude");
        await using Tool share = Tool.Start(environment, "share", "--agent", "claude", "--all", "--once", "--server",
            world.Server.GetLeftPart(UriPartial.Authority), "--token-file", world.TokenFile, "--state",
            world.PathOf("state"), "--json");
        await share.WaitForExitAsync(timeout);
        Assert.True(share.ExitCode == 0, share.Errors);

        await Until.TrueAsync(() => collector.Spans.Any(span => span.Name == "publish"), timeout);
        ExportedSpan publish = collector.Spans.First(span => span.Name == "publish");
        await Until.TrueAsync(() => IsWhole(collector.Spans, publish), timeout);

        string metrics = (string)world.ServerProcess!.Objects[0]["metrics_url"]!;
        using var http = new HttpClient();
        string said = await http.GetStringAsync($"{metrics}/metrics", timeout);
        Assert.Matches("""sharerpc_append_ops_total\{[^}]*outcome="applied"[^}]*\} [1-9]""", said);
        string root = (await File.ReadAllTextAsync(world.TokenFile, timeout)).Trim();
        Assert.All([root, root.Split('_')[1], "srpc_"], secret =>
        {
            Assert.DoesNotContain(secret, said, StringComparison.Ordinal);
            Assert.DoesNotContain(secret, collector.Text, StringComparison.Ordinal);
        });
    }

    /// <summary>Returns whether the spans above one are there, up to the enqueue in the other process.</summary>
    private static bool IsWhole(IReadOnlyList<ExportedSpan> spans, ExportedSpan last)
    {
        var names = new List<string>();
        for (ExportedSpan? span = last; span is not null;
            span = spans.FirstOrDefault(above => above.Trace == last.Trace && above.Id == span.Parent))
            names.Add(span.Name);
        return names is ["publish", "commit", "redeemShare" or "appendOps", "send", "enqueue"];
    }
}
