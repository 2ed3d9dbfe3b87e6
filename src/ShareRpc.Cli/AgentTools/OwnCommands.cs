using System.Text.Json.Nodes;

namespace ShareRpc.Cli.AgentTools;

/// <summary>
/// Runs the commands of this tool inside this process: what an agent may do is what its user could type. Any thread.
/// </summary>
/// <param name="state">The folder of outbox and credentials.</param>
/// <param name="server">The server of every command; null for that of the command itself.</param>
/// <param name="tokenFile">The token file of every command, likewise.</param>
internal sealed class OwnCommands(string state, string? server, string? tokenFile) : IAsyncDisposable
{
    private readonly CancellationTokenSource ending = new();
    private readonly Lock gate = new();
    private readonly Dictionary<string, (Task Run, Task<JsonObject> First)> running = [];

    /// <summary>Runs a command to its end. Throws what it says when it fails.</summary>
    /// <param name="verb">The command.</param>
    /// <param name="options">Its options, each one word (<c>--name=value</c>), so that no value is an option.</param>
    /// <param name="target">Its argument; null if it has none.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<IReadOnlyList<JsonObject>> RunAsync(
        string verb, IEnumerable<string> options, string? target, CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, ending.Token);
        using var output = new JsonLines(_ => { });
        int exitCode = await CommandLine.RunAsync(Words(verb, options, target), output, TextWriter.Null, either.Token)
            .ConfigureAwait(false);
        return exitCode == ExitCode.Ok ? output.Objects : throw Failed(output, exitCode);
    }

    /// <summary>
    /// Runs a command until this is disposed, once however often it is asked for; returns the first object that has a
    /// property.
    /// </summary>
    public async Task<JsonObject> BeginAsync(
        string verb, IReadOnlyList<string> options, string property, CancellationToken stop)
    {
        string name = $"{verb} {string.Join(' ', options)}";
        (Task Run, Task<JsonObject> First) begun;
        lock (gate)
        {
            if (!running.TryGetValue(name, out begun) || begun.Run.IsCompleted)
                running[name] = begun = Begin(verb, options, property);
        }

        return await begun.First.WaitAsync(stop).ConfigureAwait(false);
    }

    private (Task Run, Task<JsonObject> First) Begin(string verb, IReadOnlyList<string> options, string property)
    {
        var first = new TaskCompletionSource<JsonObject>(TaskCreationOptions.RunContinuationsAsynchronously);
        var output = new JsonLines(line =>
        {
            if (line[property] is not null) first.TrySetResult(line);
        });
        Task run = Task.Run(
            async () =>
            {
                using (output)
                {
                    int exitCode = await CommandLine
                        .RunAsync(Words(verb, options, target: null), output, TextWriter.Null, ending.Token)
                        .ConfigureAwait(false);
                    first.TrySetException(Failed(output, exitCode));
                }
            },
            CancellationToken.None);
        return (run, first.Task);
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync().ConfigureAwait(false);
        Task[] runs;
        lock (gate) runs = [.. running.Values.Select(one => one.Run)];
        await Task.WhenAll(runs).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ending.Dispose();
    }

    private static CliException Failed(JsonLines output, int exitCode) => new(
        exitCode, (string?)output.Objects.LastOrDefault(line => line["error"] is not null)?["error"] ?? "It failed.");

    private string[] Words(string verb, IEnumerable<string> options, string? target)
    {
        bool takesServer = verb is not "sessions";
        return
        [
            verb, "--json", $"--state={state}",
            .. takesServer && server is not null ? [$"--server={server}"] : Array.Empty<string>(),
            .. takesServer && tokenFile is not null ? [$"--token-file={tokenFile}"] : Array.Empty<string>(),
            .. options, .. target is null ? Array.Empty<string>() : ["--", target],
        ];
    }
}
