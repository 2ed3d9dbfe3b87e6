using System.Text.Json;
using ShareRpc.Cli.Terminal;
using ShareRpc.Protocol.Ops;
using Spectre.Console;

namespace ShareRpc.Cli.Watching;

/// <summary>Parts: text and reasoning that grow, tool calls that change state, and things that are just there.</summary>
internal sealed partial class SessionRenderer
{
    private const string Indent = "  ";

    private void Part(string key, JsonElement part)
    {
        string message = Text(part, "messageID");
        switch (Text(part, "type"))
        {
            case "text" when !IsTrue(part, "synthetic") && !IsTrue(part, "ignored"):
                Grow(key, message, Text(part, "text"), Style.Plain);
                break;
            case "reasoning":
                Grow(key, message, Text(part, "text"), Quiet);
                break;
            case "tool":
                Tool(key, message, part);
                break;
            case "file":
                Once(key, message, $"file {SafeText.Line(Text(part, "filename"))} ({SafeText.Line(Text(part, "mime"), 60)})");
                break;
            case "agent":
                Once(key, message, $"agent {SafeText.Line(Text(part, "name"))}");
                break;
            case "patch" when part.TryGetProperty("files", out JsonElement files) && files.ValueKind == JsonValueKind.Array:
                Once(key, message, $"changed {files.GetArrayLength()} file(s)");
                break;
            case "compaction":
                Once(key, message, "the session was compacted here");
                break;
        }
    }

    private void Append(LoggedOp op, JsonElement append)
    {
        if (op.Kind != Kinds.Part || Text(append, "field") != "text") return;
        Shown before = parts.GetValueOrDefault(op.Key, new Shown("", ""));
        Grow(op.Key, before.MessageId, before.Text + Text(append, "text"), Style.Plain);
    }

    /// <summary>Text that begins as it did before is continued; any other is shown anew.</summary>
    private void Grow(string key, string message, string text, Style style)
    {
        string before = parts.TryGetValue(key, out Shown? shown) ? shown.Text : "";
        if (text == before) return;
        parts[key] = new Shown(message, text);
        if (openPart == key && text.StartsWith(before, StringComparison.Ordinal))
        {
            output.Write(Indented(SafeText.Block(text[before.Length..])), style);
            return;
        }

        if (before.Length > 0 && text.Trim() == before.Trim()) return;
        CloseLine();
        Speaker(message);
        output.Write(Indent + Indented(SafeText.Block(text).TrimStart('\n')), style);
        openPart = key;
    }

    private void Tool(string key, string message, JsonElement part)
    {
        JsonElement state = part.TryGetProperty("state", out JsonElement value) ? value : default;
        string status = Text(state, "status");
        if (parts.TryGetValue(key, out Shown? shown) && shown.Text == status) return;
        parts[key] = new Shown(message, status);
        string call = $"{SafeText.Line(Text(part, "tool"), 60)}  {SafeText.Line(Text(state, "title"))}".TrimEnd();
        if (status is not ("running" or "completed" or "error")) return;
        Speaker(message);
        if (status == "running") Line($"{Indent}… {call}", Quiet);
        else if (status == "completed") Line($"{Indent}✔ {call}", Good);
        else Line($"{Indent}✘ {call}: {SafeText.Line(Text(state, "error"))}", Bad);
    }

    private void Once(string key, string message, string text)
    {
        if (!parts.TryAdd(key, new Shown(message, ""))) return;
        Speaker(message);
        Line($"{Indent}· {text}", Quiet);
    }

    private static string Indented(string text) => text.Replace("\n", "\n" + Indent, StringComparison.Ordinal);

    private static bool IsTrue(JsonElement part, string name) => part.TryGetProperty(name, out JsonElement value)
        && value.ValueKind == JsonValueKind.True;
}
