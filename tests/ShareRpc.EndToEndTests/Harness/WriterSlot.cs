using System.Globalization;
using System.Text.Json;

namespace ShareRpc.EndToEndTests.Harness;

/// <summary>A writer over all its lives.</summary>
internal sealed class WriterSlot(string name, string share, string directory, bool creates, string? copyOf,
    IReadOnlyList<PlannedStep> plan)
    : IAsyncDisposable
{
    private const string Ready = "ready ";
    private const string At = "at ";
    private const string Done = "done ";
    private int confirmed;
    private int confirmedBefore;
    private Tool? process;
    private string target = "0";

    public string Name => name;

    public string Share => share;

    public string Directory => directory;

    public string? CopyOf => copyOf;

    public IReadOnlyList<PlannedStep> Plan => plan;

    /// <summary>Set when it has ended: its outbox is empty.</summary>
    public OutboxEnd? End { get; private set; }

    /// <summary>
    /// A step whose enqueue had returned and which a later life did not find; null when there was none.
    /// </summary>
    public string? LostEnqueue { get; private set; }

    /// <summary>What its newest life has to say, for a report.</summary>
    public string Errors => process?.Errors ?? "";

    public void Start(Uri server, string world, int seed, int ops, string? fault)
    {
        string[] arguments =
        [
            "writer", "--dir", directory, "--server", server.AbsoluteUri, "--links", world, "--seed", Text(seed),
            "--ops", Text(ops),
            "--name", name, "--share", share, "--token-file", Path.Combine(world, "data", "root.token"),
            .. creates ? ["--creates"] : Array.Empty<string>(),
            .. copyOf is null ? Array.Empty<string>() : ["--copy-of", copyOf],
        ];
        confirmedBefore = confirmed;
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
        Note();
        await process.DisposeAsync();
    }

    /// <summary>
    /// True when it died of a fault and must be started again. An end for any other reason is an error.
    /// </summary>
    public bool HasDied()
    {
        if (End is not null || process is not { HasExited: true }) return false;
        Note();
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

    /// <summary>
    /// Where its life began, and how far it said to have come: what it said must be there for the next.
    /// </summary>
    private void Note()
    {
        foreach (string line in process!.Lines)
        {
            if (Position(line, Ready) is { } start && start < confirmedBefore)
                LostEnqueue ??= $"{name} had enqueued {confirmedBefore} steps and began again at {start}";
            confirmed = Math.Max(confirmed, Position(line, At) ?? 0);
        }
    }

    private static int? Position(string line, string what) =>
        line.StartsWith(what, StringComparison.Ordinal)
            ? int.Parse(line[what.Length..], CultureInfo.InvariantCulture) : null;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
