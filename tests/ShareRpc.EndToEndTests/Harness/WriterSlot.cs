using System.Globalization;
using System.Text.Json;

namespace ShareRpc.EndToEndTests.Harness;

/// <summary>A writer over all its lives.</summary>
internal sealed class WriterSlot(string name, string share, string directory, bool creates, string? copyOf, IReadOnlyList<PlannedStep> plan)
    : IAsyncDisposable
{
    private const string Done = "done ";
    private Tool? process;
    private string target = "0";

    public string Name => name;

    public string Share => share;

    public string Directory => directory;

    public string? CopyOf => copyOf;

    public IReadOnlyList<PlannedStep> Plan => plan;

    /// <summary>Set when it has ended: its outbox is empty.</summary>
    public OutboxEnd? End { get; private set; }

    /// <summary>What its newest life has to say, for a report.</summary>
    public string Errors => process?.Errors ?? "";

    public void Start(Uri server, string world, int seed, int ops, string? fault)
    {
        string[] arguments =
        [
            "writer", "--dir", directory, "--server", server.AbsoluteUri, "--links", world, "--seed", Text(seed), "--ops", Text(ops),
            "--name", name, "--share", share, "--token-file", Path.Combine(world, "data", "root.token"),
            .. creates ? ["--creates"] : Array.Empty<string>(), .. copyOf is null ? Array.Empty<string>() : ["--copy-of", copyOf],
        ];
        process = HarnessProgram.Start(fault, arguments);
        process.Tell(target);
    }

    /// <summary>It may enqueue up to this share of its plan.</summary>
    public void Allow(int part, int parts)
    {
        target = Text(plan.Count * part / parts);
        process?.Tell(target);
    }

    /// <summary>It may enqueue everything, and end when it is acknowledged.</summary>
    public void Finish()
    {
        target = $"{Text(plan.Count)}\nend";
        process?.Tell(target);
    }

    public async Task KillAsync(CancellationToken cancellationToken)
    {
        process!.Kill();
        await process.WaitForExitAsync(cancellationToken);
        await process.DisposeAsync();
    }

    /// <summary>True when it died of a fault and must be started again. An end for any other reason is an error.</summary>
    public bool HasDied()
    {
        if (End is not null || process is not { HasExited: true }) return false;
        if (process.ExitCode == 137) return true;
        if (process.ExitCode != 0) throw new InvalidOperationException($"writer {name} failed: {process.Errors}");
        string? end = process.Lines.FirstOrDefault(line => line.StartsWith(Done, StringComparison.Ordinal));
        if (end is not null) End = JsonSerializer.Deserialize<OutboxEnd>(end[Done.Length..]);
        return false;
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null) await process.DisposeAsync();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
