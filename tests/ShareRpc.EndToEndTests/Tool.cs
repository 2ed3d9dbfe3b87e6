using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;

namespace ShareRpc.EndToEndTests;

/// <summary>
/// One run of the real `sharerpc` tool, or of a worker of the harness, as a process of its own. Disposing kills it.
/// </summary>
internal sealed class Tool : IAsyncDisposable
{
    /// <summary>
    /// These processes live for seconds: compiling a second time, for speed, costs more than it saves.
    /// </summary>
    private static readonly (string Name, string Value)[] ShortLife =
        [("DOTNET_TieredPGO", "0"), ("DOTNET_TC_CallCountingDelayMs", "2000")];

    private readonly Process process;
    private readonly string? state;
    private readonly ConcurrentQueue<string> lines = new();
    private readonly ConcurrentQueue<string> errors = new();
    private readonly Task reading;

    private Tool(Process process, string? state = null)
    {
        this.process = process;
        this.state = state;
        reading = Task.WhenAll(ReadAsync(process.StandardOutput, lines), ReadAsync(process.StandardError, errors));
    }

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    public int ExitCode => process.ExitCode;

    /// <summary>Lines of standard output so far.</summary>
    public IReadOnlyList<string> Lines => [.. lines];

    public string Errors => string.Join('\n', errors);

    /// <summary>Lines of standard output that are JSON objects.</summary>
    public IReadOnlyList<JsonObject> Objects =>
        [.. lines.Where(line => line.StartsWith('{')).Select(line => JsonNode.Parse(line)!.AsObject())];

    public static Tool Start(IReadOnlyDictionary<string, string>? environment, params string[] arguments) =>
        StartProgram("sharerpc.dll", environment, arguments);

    /// <summary>
    /// Starts a program that lies beside the tests. What it keeps without `--state` is in a directory of its own, as on
    /// a machine of its own, and not in the user's home.
    /// </summary>
    public static Tool StartProgram(string program, IReadOnlyDictionary<string, string>? environment,
        params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet",
            ["exec", Path.Combine(AppContext.BaseDirectory, program), .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
        };
        string state = Path.Combine(Path.GetTempPath(), $"sharerpc-state-{Path.GetRandomFileName()}");
        start.Environment["SHARERPC_STATE"] = state;
        foreach ((string name, string value) in ShortLife) start.Environment[name] = value;
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return new Tool(Process.Start(start)!, state);
    }

    /// <summary>Starts some other program in a folder; a variable without a value is not passed on.</summary>
    public static Tool StartExecutable(
        string path, string folder, IReadOnlyDictionary<string, string?> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(path, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
            WorkingDirectory = folder,
        };
        foreach ((string name, string? value) in environment) start.Environment[name] = value;
        return new Tool(Process.Start(start)!);
    }

    /// <summary>Runs to the end.</summary>
    public static async Task<Tool> RunAsync(string[] arguments, CancellationToken cancellationToken)
    {
        Tool tool = Start(null, arguments);
        await tool.WaitForExitAsync(cancellationToken);
        return tool;
    }

    /// <summary>A line to its standard input; nothing if it is gone.</summary>
    public void Tell(string line)
    {
        try
        {
            process.StandardInput.WriteLine(line);
            process.StandardInput.Flush();
        }
        catch (IOException)
        {
            // Killed: whoever starts it again tells it again.
        }
    }

    /// <summary>Ends its standard input: it waits for no more.</summary>
    public void EndInput() => process.StandardInput.Close();

    public async Task WaitForExitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await process.WaitForExitAsync(cancellationToken);
            await reading.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException(
                $"Still running: {process.StartInfo.Arguments}\n{string.Join('\n', lines)}\n{Errors}");
        }
    }

    /// <summary>SIGKILL: no handler runs.</summary>
    public void Kill()
    {
        if (!process.HasExited) process.Kill(entireProcessTree: true);
    }

    public async Task TerminateAsync(CancellationToken cancellationToken)
    {
        if (process.HasExited) return;
        await SignalAsync("-TERM", cancellationToken);
        await WaitForExitAsync(cancellationToken);
    }

    /// <summary>It runs no further, and answers nothing, until it is resumed.</summary>
    public Task PauseAsync(CancellationToken cancellationToken) => SignalAsync("-STOP", cancellationToken);

    public Task ResumeAsync(CancellationToken cancellationToken) => SignalAsync("-CONT", cancellationToken);

    public async ValueTask DisposeAsync()
    {
        Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        if (Directory.Exists(state)) Directory.Delete(state, recursive: true);
    }

    private async Task SignalAsync(string signal, CancellationToken cancellationToken)
    {
        using Process kill =
            Process.Start("kill", [signal, process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(cancellationToken);
    }

    private static async Task ReadAsync(StreamReader reader, ConcurrentQueue<string> into)
    {
        while (await reader.ReadLineAsync() is { } line) into.Enqueue(line);
    }
}
