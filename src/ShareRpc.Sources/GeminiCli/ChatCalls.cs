using System.Text.Json;
using System.Text.RegularExpressions;
using ShareRpc.Protocol.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.GeminiCli;

/// <summary>Makes tool calls of the session format from those of Gemini CLI.</summary>
internal static partial class ChatCalls
{
    private static readonly string[] LineMembers = ["offset", "limit", "start_line", "end_line"];

    private static readonly (string From, string To)[] TextMembers =
    [
        ("file_path", "filePath"), ("absolute_path", "filePath"), ("old_string", "oldString"),
        ("new_string", "newString"), ("content", "content"), ("instruction", "instruction"),
    ];

    /// <summary>Returns a call with its result, as far as it has one.</summary>
    /// <param name="call">The record of the call.</param>
    /// <param name="created">When the reply was made that holds it.</param>
    public static ToolCall Of(JsonElement call, long created)
    {
        string name = call.Text("name") ?? "tool";
        var made = new ToolCall
        {
            CallId = call.Text("id") ?? name,
            Name = NameOf(name),
            Input = InputOf(name, call.Object("args")),
            Start = created,
            Attachments = [.. ChatMessage.FilesOf(call.Items("result"))],
            Files = [.. FilesOf(call)],
            Title = call.Text("description") is { Length: > 0 and < 200 } title ? title : null,
        };
        return WithResult(made, call, call.Time("timestamp"));
    }

    /// <summary>Returns a call with the result that another record holds.</summary>
    public static ToolCall WithResponse(ToolCall call, JsonElement response, long end)
    {
        string? error = response.Text("response", "error");
        return error is not null
            ? call with { Status = ToolCall.Failed, Error = error, End = end }
            : WithText(call, response.Text("response", "output") ?? "", null) with
            {
                Status = ToolCall.Completed, End = end,
            };
    }

    private static ToolCall WithResult(ToolCall made, JsonElement call, long? end)
    {
        JsonElement? response = call.Items("result").Select(part => part.Object("functionResponse", "response"))
            .FirstOrDefault(found => found is not null);
        string text = response?.Text("output") ?? response?.Text("error") ?? call.Text("result") ?? "";
        string? shown = call.Text("resultDisplay");
        return call.Text("status") switch
        {
            "success" => WithText(made, text, shown) with { Status = ToolCall.Completed, End = end },
            "error" => made with { Status = ToolCall.Failed, Error = text.Length > 0 ? text : shown ?? "", End = end },
            "cancelled" => made with { Status = ToolCall.Failed, Error = "Cancelled.", Output = text, End = end },
            null when text.Length > 0 => WithText(made, text, shown) with { Status = ToolCall.Completed, End = end },
            _ => made,
        };
    }

    /// <summary>A shell command's output is what was shown; the model got it with other lines around.</summary>
    private static ToolCall WithText(ToolCall made, string text, string? shown)
    {
        if (made.Name != "bash") return made with { Output = text.Length > 0 ? text : shown };
        Match exit = ExitCode().Match(text);
        return made with
        {
            Output = shown is { Length: > 0 } ? shown : Inner(text),
            Exit = exit.Success && int.TryParse(exit.Groups[1].Value, out int code) ? code : null,
        };
    }

    private static string Inner(string text)
    {
        Match inner = Untrusted().Match(text);
        return inner.Success ? inner.Groups[1].Value : text;
    }

    private static string NameOf(string name) => name switch
    {
        "run_shell_command" => "bash",
        "replace" => "edit",
        "write_file" => "write",
        "read_file" => "read",
        "write_todos" => "todowrite",
        "search_file_content" or "grep_search" => "grep",
        "list_directory" => "list",
        "google_web_search" => "websearch",
        "web_fetch" => "webfetch",
        _ => name,
    };

    private static RawJson InputOf(string name, JsonElement? args)
    {
        if (args is not { } given) return new RawJson("{}"u8.ToArray());
        if (name == "write_todos" && given.Items("todos").Any()) return Todos(given);
        return name is "replace" or "write_file" or "read_file" ? FileInput(given) : BoundedInput.Of(given);
    }

    private static RawJson FileInput(JsonElement args) => SessionFormat.Object(json =>
    {
        foreach ((string from, string to) in TextMembers)
        {
            if (args.Text(from) is { } text && (from != "absolute_path" || args.Text("file_path") is null))
                json.WriteString(to, text);
        }

        foreach (string member in LineMembers)
        {
            if (args.Number(member) is { } number) json.WriteNumber(member, number);
        }
    });

    private static RawJson Todos(JsonElement args) => SessionFormat.Object(json =>
    {
        json.WriteStartArray("todos");
        foreach (JsonElement todo in args.Items("todos"))
        {
            json.WriteStartObject();
            json.WriteString("content", todo.Text("description") ?? todo.Text("content") ?? "");
            json.WriteString("status", todo.Text("status") ?? "pending");
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    private static IEnumerable<FileChange> FilesOf(JsonElement call)
    {
        if (call.Text("resultDisplay", "fileDiff") is { Length: > 0 } diff && call.Text("status") != "error")
        {
            string? path = call.Text("resultDisplay", "filePath") ?? call.Text("resultDisplay", "fileName");
            yield return new FileChange(path ?? "file", diff);
        }
    }

    [GeneratedRegex(@"^Exit Code: (-?\d{1,9})\r?$", RegexOptions.Multiline)]
    private static partial Regex ExitCode();

    [GeneratedRegex(@"\A<untrusted_context>\n(?:Output: )?(?:\(empty\))?(.*?)\n?(?:Process Group PGID: \d+\n)?" +
        @"</untrusted_context>\s*\z", RegexOptions.Singleline)]
    private static partial Regex Untrusted();
}
