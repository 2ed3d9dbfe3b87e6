using System.Text.Json;
using ShareRpc.Cli.Terminal;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using Spectre.Console;

namespace ShareRpc.Cli.Watching;

/// <summary>
/// Prints ops as text that only grows; one line per tool state. Untrusted content goes through <see cref="SafeText"/>;
/// unknown shapes are skipped.
/// </summary>
internal sealed class SessionRenderer(Output output)
{
    private const string Indent = "  ";
    private static readonly Style Quiet = new(decoration: Decoration.Dim);
    private static readonly Style Heading = new(decoration: Decoration.Bold);
    private static readonly Style Good = new(Color.Green);
    private static readonly Style Bad = new(Color.Red);

    private readonly Dictionary<string, Shown> parts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> speakers = new(StringComparer.Ordinal);
    private readonly HashSet<string> failedMessages = new(StringComparer.Ordinal);
    private readonly HashSet<string> undone = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> comments = new(StringComparer.Ordinal);
    private bool isNarrowed;
    private string title = "";
    private string speaking = "";
    private string? openPart;

    public void Show(LoggedOp op)
    {
        if ((op.Hidden || op.Redacted) && !isNarrowed)
        {
            isNarrowed = true;
            Line("   (some of this session is not shown to this link)", Quiet);
        }

        if (op.Verb == Verbs.Remove)
        {
            Remove(op);
            return;
        }

        if (op.Data is not { } data) return;
        if (op.Kind == Kinds.Comment)
        {
            ShowComment(op.Key, data);
            return;
        }

        using JsonDocument document = data.ToDocument();
        JsonElement root = document.RootElement;
        if (op.Verb == Verbs.Append) Append(op, root);
        else if (op.Kind == Kinds.Session) Session(root);
        else if (op.Kind == Kinds.Message) Message(op.Key, root);
        else if (op.Kind == Kinds.Part) Part(op.Key, root);
        else if (op.Kind == Kinds.Todo) Todo(root);
        else if (op.Kind == Kinds.Turn) Turn(op.Key, root);
    }

    public void End() => CloseLine();

    private void Session(JsonElement session)
    {
        string now = SafeText.Line(Text(session, "title"));
        if (now == title) return;
        title = now;
        speaking = "";
        Line($"══ {title}", Heading);
        if (Text(session, "directory") is { Length: > 0 } directory) Line($"   {SafeText.Line(directory)}", Quiet);
    }

    private void Message(string key, JsonElement message)
    {
        string role = Text(message, "role");
        string model = Text(message, "modelID");
        if (Text(message, "agent_session").Length > 0) role = $"subagent {Text(message, "agent")}".TrimEnd();
        speakers[key] = SafeText.Line(role != "user" && model.Length > 0 ? $"{role} ({model})" : role, 80);
        if (IsUndone(key, message, "a message of " + speakers[key])) return;
        if (!message.TryGetProperty("error", out JsonElement error) || !failedMessages.Add(key)) return;
        string detail = error.ValueKind == JsonValueKind.Object && error.TryGetProperty("data", out JsonElement data)
            ? Text(data, "message") : "";
        Speaker(key);
        Line($"  ✘ {SafeText.Line(Text(error, "name"))} {SafeText.Line(detail)}".TrimEnd(), Bad);
    }

    private void Todo(JsonElement todos)
    {
        if (todos.ValueKind != JsonValueKind.Array) return;
        Line("  to do:", Quiet);
        foreach (JsonElement todo in todos.EnumerateArray())
        {
            string box =
                Text(todo, "status") switch
                {
                    "completed" => "☑", "in_progress" => "▶", "cancelled" => "☒", _ => "☐",
                };
            Line($"    {box} {SafeText.Line(Text(todo, "content"))}", Quiet);
        }
    }

    private void Part(string key, JsonElement part)
    {
        string message = Text(part, "messageID");
        if (IsUndone(key, part, undone.Contains(message) ? null : "a part of a message")) return;
        if (part.ValueKind == JsonValueKind.Object && part.TryGetProperty("omitted", out JsonElement omitted)
            && omitted.ValueKind == JsonValueKind.Object)
        {
            string size = omitted.TryGetProperty("size", out JsonElement bytes) ? $", {bytes} bytes" : "";
            Once(key, message, $"left out: {SafeText.Line(Text(omitted, "name"), 60)}{SafeText.Line(size, 40)} "
                + $"({SafeText.Line(Text(omitted, "reason"), 40)})");
            return;
        }

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
                Once(key, message,
                    $"file {SafeText.Line(Text(part, "filename"))} ({SafeText.Line(Text(part, "mime"), 60)})");
                break;
            case "agent":
                Once(key, message, $"agent {SafeText.Line(Text(part, "name"))}");
                break;
            case "patch" when part.TryGetProperty("files", out JsonElement files)
                && files.ValueKind == JsonValueKind.Array:
                Once(key, message, $"changed {files.GetArrayLength()} file(s)");
                break;
            case "compaction":
                Once(key, message, "the session was compacted here");
                break;
            case "plan":
                Grow(key, message, Text(part, "text"), Style.Plain);
                break;
            case "subagent":
                Subagent(key, message, part);
                break;
            case "retry":
                Once(key, message, "tried again");
                break;
            case "notice":
                Once(key, message, $"{SafeText.Line(Text(part, "record"), 60)} "
                    + SafeText.Line(Text(part, "detail"), 200));
                break;
        }
    }

    private void Append(LoggedOp op, JsonElement append)
    {
        if (op.Kind != Kinds.Part || Text(append, "field") != "text") return;
        Shown before = parts.GetValueOrDefault(op.Key, new Shown("", ""));
        Grow(op.Key, before.MessageId, before.Text + Text(append, "text"), Style.Plain);
    }

    /// <summary>
    /// Continues text that begins as it did before, from the line that looks different now; prints any other text
    /// again.
    /// </summary>
    private void Grow(string key, string message, string text, Style style)
    {
        string before = parts.TryGetValue(key, out Shown? shown) ? shown.Text : "";
        if (text == before)
        {
            parts.TryAdd(key, new Shown(message, text));
            return;
        }

        parts[key] = new Shown(message, text);
        bool isLonger = openPart == key && text.StartsWith(before, StringComparison.Ordinal);
        if (isLonger && Added(before, text) is { } added)
        {
            output.Write(Indented(added), style);
            return;
        }

        if (before.Length > 0 && text.Trim() == before.Trim()) return;
        string shownNow = SafeText.Block(text);
        if (isLonger) shownNow = shownNow[StartOfChange(SafeText.Block(before), shownNow)..];
        CloseLine();
        Speaker(message);
        output.Write(Indent + Indented(shownNow.TrimStart('\n')), style);
        openPart = key;
    }

    /// <summary>Returns what a terminal shows more than before; null when it shows something else.</summary>
    private static string? Added(string before, string text)
    {
        string more = text[before.Length..];
        if (!SafeText.HasCodes(before) && !SafeText.HasCodes(more)) return SafeText.Block(more);
        string shown = SafeText.Block(before);
        string now = SafeText.Block(text);
        return now.StartsWith(shown, StringComparison.Ordinal) ? now[shown.Length..] : null;
    }

    /// <summary>Returns where the first line begins that is not as it was.</summary>
    private static int StartOfChange(string before, string now) =>
        now.LastIndexOf('\n', Math.Max(0, before.AsSpan().CommonPrefixLength(now) - 1)) + 1;

    private void Tool(string key, string message, JsonElement part)
    {
        JsonElement state = part.TryGetProperty("state", out JsonElement value) ? value : default;
        string status = Text(state, "status");
        if (parts.TryGetValue(key, out Shown? shown) && shown.Text == status) return;
        parts[key] = new Shown(message, status);
        string call = $"{SafeText.Line(Text(part, "tool"), 60)}  {SafeText.Line(Text(state, "title"))}".TrimEnd();
        Call(message, status, call, Text(state, "error"));
    }

    private void Subagent(string key, string message, JsonElement part)
    {
        string status = Text(part, "status");
        if (parts.TryGetValue(key, out Shown? shown) && shown.Text == status) return;
        parts[key] = new Shown(message, status);
        string named = Text(part, "name") is { Length: > 0 } name ? name : Text(part, "description");
        Call(message, status, $"subagent  {SafeText.Line(named, 60)}".TrimEnd(), Text(part, "error"));
    }

    private void Call(string message, string status, string call, string error)
    {
        if (status is not ("running" or "completed" or "error")) return;
        Speaker(message);
        if (status == "running") Line($"{Indent}… {call}", Quiet);
        else if (status == "completed") Line($"{Indent}✔ {call}", Good);
        else Line($"{Indent}✘ {call}: {SafeText.Line(error)}", Bad);
    }

    private void Once(string key, string message, string text)
    {
        if (!parts.TryAdd(key, new Shown(message, ""))) return;
        Speaker(message);
        Line($"{Indent}· {text}", Quiet);
    }

    private static string Indented(string text) => text.Replace("\n", "\n" + Indent, StringComparison.Ordinal);

    private static bool IsTrue(JsonElement part, string name) =>
        part.ValueKind == JsonValueKind.Object && part.TryGetProperty(name, out JsonElement value)
        && value.ValueKind == JsonValueKind.True;

    /// <summary>Prints only aborted turns: other ends show in the messages.</summary>
    private void Turn(string key, JsonElement turn)
    {
        if (Text(turn, "state") != TurnStates.Aborted) return;
        bool isProvisional = turn.TryGetProperty("provisional", out JsonElement flag)
            && flag.ValueKind == JsonValueKind.True;
        Speaker(key);
        Line(isProvisional ? "  ✘ the agent stopped responding" : "  ✘ aborted", Bad);
    }

    /// <summary>Says once what the user took back, and when it is back. Printed text is not repeated.</summary>
    private bool IsUndone(string key, JsonElement document, string? what)
    {
        bool isUndone = IsTrue(document, "undone");
        bool isNew = isUndone ? undone.Add(key) : undone.Remove(key);
        if (isNew && what is not null && (isUndone || !parts.ContainsKey(key)))
        {
            speaking = "";
            Line(isUndone ? $"  − {what} was undone" : $"  + {what} is back", Quiet);
        }

        return isUndone;
    }

    /// <summary>Prints a comment, and again when what it says has changed.</summary>
    private void ShowComment(string key, RawJson data)
    {
        if (Comment.Parse(key, data) is not { } comment) return;
        string said = comment.Said();
        bool isEdited = comments.TryGetValue(key, out string? before);
        if (before == said) return;
        comments[key] = said;
        speaking = "";
        string on = comment.Parent is null ? $" on {comment.Key.Kind} {comment.Where}".TrimEnd() : ", an answer";
        Line($"  ❝ comment{on}{(isEdited ? ", edited" : "")}", Quiet);
        Line($"    {said}", Style.Plain);
    }

    private void Remove(LoggedOp op)
    {
        if (op.Kind == Kinds.Comment && comments.Remove(op.Key)) Line("  − a comment was removed", Quiet);
        undone.Remove(op.Key);
        if (op.Kind == Kinds.Part) parts.Remove(op.Key);
        if (op.Kind != Kinds.Message) return;
        string what = op.Redacted ? "is no longer shown" : "was removed";
        Line($"  − a message of {speakers.GetValueOrDefault(op.Key, "the session")} {what}", Quiet);
        speakers.Remove(op.Key);
        speaking = "";
    }

    private void Speaker(string messageId)
    {
        if (speaking == messageId) return;
        speaking = messageId;
        Line("", Style.Plain);
        Line($"▌ {speakers.GetValueOrDefault(messageId, "message")}", Heading);
    }

    private void Line(string text, Style style)
    {
        CloseLine();
        output.Say(text, style);
    }

    private void CloseLine()
    {
        if (openPart is null) return;
        openPart = null;
        output.Say("");
    }

    private static string Text(JsonElement parent, string name)
    {
        if (parent.ValueKind != JsonValueKind.Object || !parent.TryGetProperty(name, out JsonElement value)) return "";
        return value.ValueKind == JsonValueKind.String ? Unescaped(value) : "";
    }

    private static string Unescaped(JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate escape is legal JSON but not text; show it as written.
            return value.GetRawText().Trim('"');
        }
    }

    private sealed record Shown(string MessageId, string Text);
}
