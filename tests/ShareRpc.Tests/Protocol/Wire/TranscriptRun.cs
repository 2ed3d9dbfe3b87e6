using System.Text.Json;
using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Protocol.Wire;

/// <summary>
/// Plays the transcripts of the apply rules one after the other: each on a handle of its own, bound to the writer it is
/// about, and what their texts say has happened before or between is done first.
/// </summary>
internal sealed class TranscriptRun(WireServer server, CancellationToken timeout) : IDisposable
{
    private const string NoWriter = "-";

    /// <summary>What is done before a transcript, or before its n-th call (<c>heading#n</c>).</summary>
    private static readonly Dictionary<string, Func<TranscriptRun, Task>> Preparations = new()
    {
        ["First send"] = run => run.AsAsync("A"),
        ["Resend after a lost reply"] = run => run.PutAsync(("evt_9", "k", """{"v":1}"""), ("b2", "y", "{}")),
        ["Resend of an atomic batch"] = run => run.OnFreshShareAsync(""),
        ["Resend of a batch that used up its quota"] = run =>
            run.OnFreshShareAsync(""","caveats":{"max_ops_per_day":2}"""),
        ["Fork"] = run => run.AsAsync("A"),
        ["Fork#2"] = run => run.AsAsync("A"), // the other copy has a connection of its own
        ["A restored backup#2"] = run => run.AsAsync("A, restored"),
        ["Gap"] = run => run.AsAsync("A"),
        ["One op, two writers"] = run => run.AsAsync("C"),
        ["if_changed"] = run => run.PutAsync(("doc", "doc", """{"v":1,"w":2}""")),
        ["A batch without a writer id"] = run => run.AsAsync(NoWriter),
        ["Turns"] = run => run.AsAsync("C"),
        ["Provisional turns"] = run => run.EndTurnAsync("t2", "C"),
        ["share_ended, capability_revoked"] = run => run.ByOwnerAsync("endShare", null),
        ["share_ended, capability_revoked#3"] = run =>
            run.ByOwnerAsync("revokeCapability", """{"cap_id":"{cap:guest}"}"""),
    };

    private readonly HashSet<string> unused = [.. Preparations.Keys];
    private WireWorld? shared;
    private WireWorld? own;
    private WireWorld world = null!;
    private WireHandle handle = null!;
    private string writer = "A";
    private int connections;

    /// <summary>What the table above has and no transcript asked for.</summary>
    public IReadOnlySet<string> Unused => unused;

    public async Task PlayAsync(Transcript transcript)
    {
        world = shared ??= await NewWorldAsync("");
        if (!Preparations.ContainsKey(transcript.Heading)) await AsAsync(writer);
        for (int i = 1; i <= transcript.Calls.Count; i++)
        {
            await PrepareAsync(i == 1 ? transcript.Heading : $"{transcript.Heading}#{i}");
            (JsonElement call, JsonElement? answer) = transcript.Calls[i - 1];
            string method = call.GetProperty("method").GetString()!.Split('/')[^1];
            JsonElement actual = await handle.CallAsync(method, call.GetProperty("params").GetRawText());
            if (answer is null) continue;
            string at = $"{transcript.Heading}, call {i}: {actual.GetRawText()}";
            string outcome = answer.Value.TryGetProperty("result", out _) ? "result" : "error";
            Assert.True(actual.TryGetProperty(outcome, out JsonElement given), at);
            string expected = JsonSame.Canonical(answer.Value.GetProperty(outcome));
            Assert.True(expected == JsonSame.Canonical(given), $"{at}\nnot {expected}");
        }
    }

    public void Dispose()
    {
        shared?.Dispose();
        own?.Dispose();
    }

    private async Task PrepareAsync(string name)
    {
        if (!Preparations.TryGetValue(name, out Func<TranscriptRun, Task>? prepare)) return;
        unused.Remove(name);
        await prepare(this);
        bool isNew = !name.Contains('#', StringComparison.Ordinal);
        if (isNew) await AsAsync(writer);
    }

    private async Task AsAsync(string name)
    {
        writer = name;
        string more = name == NoWriter
            ? "" : $$""","writer_id":"{writer:{{name.Replace(", ", "_", StringComparison.Ordinal)}}}" """;
        handle = await world.RedeemShareAsync($"c{++connections}", "guest", more);
    }

    private async Task OnFreshShareAsync(string caveats)
    {
        own?.Dispose();
        world = own = await NewWorldAsync(caveats);
    }

    private async Task<WireWorld> NewWorldAsync(string caveats)
    {
        using JsonDocument refs = JsonDocument.Parse(
            "{\"refs\":{\"guest\":{\"of\":\"owner\",\"rights\":[\"read\",\"append\"]" + caveats + "}}}");
        return await WireWorld.CreateAsync(server, refs.RootElement.Clone(), timeout);
    }

    private Task PutAsync(params (string OpId, string Key, string Data)[] ops) => AppendAsync(ops.Select(op =>
        $$"""{"op_id":"{{op.OpId}}","verb":"put","kind":"part","key":"{{op.Key}}","data":{{op.Data}}}"""));

    /// <summary>As the server's sweeper ends the turn of a silent writer.</summary>
    private Task EndTurnAsync(string turn, string ofWriter) => AppendAsync(
    [
        $$$"""
        {"op_id":"swept","verb":"put","kind":"turn","key":"{{{turn}}}",
         "data":{"state":"aborted","provisional":true,"writer_id":"{writer:{{{ofWriter}}}}"}}
        """,
    ]);

    private Task AppendAsync(IEnumerable<string> ops) =>
        ByOwnerAsync("appendOps", "{\"batch_id\":\"other\",\"ops\":[" + string.Join(',', ops) + "]}");

    private async Task ByOwnerAsync(string method, string? parameters)
    {
        WireHandle owner = await world.RedeemShareAsync($"c{++connections}", WireWorld.Owner);
        await owner.ResultAsync(method, parameters is null ? null : world.Resolve(parameters));
    }
}
