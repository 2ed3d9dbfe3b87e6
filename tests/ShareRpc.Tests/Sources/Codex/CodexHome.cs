using System.Text.Json;
using ShareRpc.Sources.Codex;
using ShareRpc.Sources.Following;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Sources.Codex;

/// <summary>A home directory in which a test writes what Codex would write.</summary>
internal sealed class CodexHome : IDisposable
{
    public const string Thread = "01a00000-0000-7000-8000-000000000001";

    private readonly TemporaryDirectory folder = new();
    private int second;

    public string File { get; private set; } = "";

    public CodexStorage Storage => CodexStorage.On(new AgentHome(folder.Path, folder["state"], _ => null))!;

    public string Folder => Path.Combine(folder.Path, ".codex");

    public void Dispose() => folder.Dispose();

    /// <summary>Begins a file of a thread and goes on in it.</summary>
    public CodexHome Begin(string thread = Thread, string? segment = null, object? meta = null)
    {
        string name = segment is null ? thread : $"{thread}_{segment}";
        name = $"rollout-2026-11-30T10-00-{++second:D2}-{name}.jsonl";
        File = Path.Combine(Folder, "sessions", "2026", "11", "30", name);
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        var payload = JsonSerializer.SerializeToNode(meta ?? new { })!.AsObject();
        payload["id"] ??= thread;
        payload["timestamp"] = Now;
        payload["cwd"] ??= "/project";
        payload["cli_version"] ??= "0.128.0";
        return Line("session_meta", payload);
    }

    /// <summary>Goes on in a file.</summary>
    public CodexHome In(string file)
    {
        File = file;
        return this;
    }

    public CodexHome Line(string type, object payload, long? ordinal = null)
    {
        var line = new Dictionary<string, object> { ["timestamp"] = Now, ["type"] = type, ["payload"] = payload };
        if (ordinal is { } number) line["ordinal"] = number;
        return Raw(JsonSerializer.Serialize(line) + "\n");
    }

    public CodexHome Raw(string text)
    {
        System.IO.File.AppendAllText(File, text);
        return this;
    }

    public CodexHome RawEvent(string payload) => Raw($$"""{"type":"event_msg","payload":{{payload}}}""" + "\n");

    public CodexHome Event(string type, object? more = null) => Line("event_msg", With(type, more));

    public CodexHome Item(string type, object? more = null) => Line("response_item", With(type, more));

    public CodexHome Call(string id, string name, string arguments) =>
        Item("function_call", new { name, arguments, call_id = id });

    /// <summary>Writes a whole turn of the older generation: each text as an item and as an event.</summary>
    public CodexHome Turn(string id, string question, string answer) => Event("task_started", new { turn_id = id })
        .Item("message", new { role = "user", content = new[] { new { type = "input_text", text = question } } })
        .Event("user_message", new { message = question })
        .Event("agent_message", new { message = answer })
        .Item("message", new { role = "assistant", content = new[] { new { type = "output_text", text = answer } } })
        .Event("task_complete", new { turn_id = id });

    private string Now => $"2026-11-30T10:00:{++second % 60:D2}.{second:D3}Z";

    private static System.Text.Json.Nodes.JsonObject With(string type, object? more)
    {
        var payload = JsonSerializer.SerializeToNode(more ?? new { })!.AsObject();
        payload["type"] = type;
        return payload;
    }
}
