using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using ShareRpc.Cli.Terminal;
using ShareRpc.Protocol.Transcripts;

namespace ShareRpc.Cli.AgentTools;

/// <summary>What tools answer: a text, or what went wrong and what to do, as the commands say it.</summary>
internal static class ToolAnswer
{
    public static McpServerTool Tool(string name, string title, string description, Delegate run, bool isReading,
        bool isDestructive = false, bool isIdempotent = false)
    {
        return McpServerTool.Create(run, new McpServerToolCreateOptions
        {
            Name = name, Title = title, Description = description, ReadOnly = isReading, Destructive = isDestructive,
            Idempotent = isReading || isIdempotent, OpenWorld = true,
        });
    }

    /// <summary>Answers a call with arguments of another form by what is wrong with them.</summary>
    public static McpRequestHandler<CallToolRequestParams, CallToolResult> Checked(
        McpRequestHandler<CallToolRequestParams, CallToolResult> next) => (context, stop) =>
            context.MatchedPrimitive is McpServerTool { ProtocolTool: var tool }
            && ToolArguments.Fault(tool.Name, tool.InputSchema, context.Params?.Arguments) is { } fault
                ? ValueTask.FromResult(Said(SafeText.Line(fault, 1000), isError: true)) : next(context, stop);

    public static async Task<CallToolResult> OfAsync(Func<Task<string>> work)
    {
        try
        {
            return Said(await work().ConfigureAwait(false), isError: false);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            return Said(SafeText.Line(Failure.Of(error).Message, 1000), isError: true);
        }
    }

    /// <summary>Returns objects as lines of JSON, at most so many.</summary>
    public static string Lines(IReadOnlyList<JsonObject> objects, int most, string none)
    {
        if (objects.Count == 0) return none;
        string lines = string.Join('\n', objects.Take(most).Select(JsonLine.Of));
        return objects.Count > most ? $"{lines}\n({objects.Count - most} more are not listed.)" : lines;
    }

    private static CallToolResult Said(string text, bool isError) =>
        new() { Content = [new TextContentBlock { Text = text }], IsError = isError };
}

/// <summary>What a tool's argument names.</summary>
internal static class ToolWords
{
    public const string Session =
        "A link of a share (https://host/s/ID#srpc_...), the id of a share, or the id of a session of this machine "
        + "from list_sessions.";

    private const int Longest = 2_000;

    /// <summary>
    /// Returns a name as the commands take it. A dash would be a line of standard input, which is the agent's.
    /// </summary>
    public static string Named(string? text)
    {
        string name = text?.Trim() ?? "";
        if (name.Length is 0 or > Longest || name.StartsWith('-') || name.Any(char.IsControl))
            throw new CliException(ExitCode.Usage, "Name a session or share by its link or its id.");
        return name;
    }
}
