using System.Text.RegularExpressions;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.Codex;

/// <summary>What the model was told about a call, without the lines that Codex puts before it.</summary>
/// <param name="Text">The output.</param>
/// <param name="Exit">Of a command; null if it is not told.</param>
/// <param name="IsError">The call could not be made, or was cut off.</param>
/// <param name="IsRunning">The command goes on.</param>
internal sealed partial record ToolOutput(string Text, int? Exit, bool IsError, bool IsRunning)
{
    private static readonly string[] Failures =
    [
        "unsupported call", "unsupported custom tool call", "failed to parse", "apply_patch verification failed",
        "unable to ", "aborted", "exec_command failed", "write_stdin failed", "failed in sandbox", "patch rejected",
        "exec command rejected", "Fatal error",
    ];

    public static ToolOutput Of(string tool, string text, bool hasPictures)
    {
        if (RecordFields.Parse(text) is { } document)
        {
            using (document)
            {
                int? exit = ExitOf(document.RootElement.Number("metadata", "exit_code"));
                if (document.RootElement.Text("output") is { } inner) return new ToolOutput(inner, exit, false, false);
            }
        }

        Match head = Head().Match(text);
        if (head.Success)
        {
            int? code = int.TryParse(head.Groups["exit"].Value, out int number) ? number : null;
            bool isRunning = head.Groups["running"].Success;
            bool isFailedPatch = tool == "apply_patch" && code is not null and not 0;
            return new ToolOutput(text[head.Length..], code, isFailedPatch, isRunning);
        }

        bool isError = !hasPictures
            && Array.Exists(Failures, start => text.StartsWith(start, StringComparison.OrdinalIgnoreCase));
        return new ToolOutput(text, null, isError, false);
    }

    private static int? ExitOf(long? code) =>
        code is { } value ? (int)Math.Clamp(value, int.MinValue, int.MaxValue) : null;

    [GeneratedRegex(@"\A(?:Chunk ID: [^\n]*\n)?(?:Exit code: (?<exit>-?\d{1,9})\n)?(?:Wall time: [^\n]*\n)" +
        @"(?:Process exited with code (?<exit>-?\d{1,9})\n|(?<running>Process running with session ID [^\n]*)\n)?" +
        @"(?:Original token count: [^\n]*\n)?(?:Total output lines: [^\n]*\n)?Output:\n?")]
    private static partial Regex Head();
}
