using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ShareRpc.Benchmarks.Figures;

namespace ShareRpc.Benchmarks.Servers;

/// <summary>
/// A program of .NET that serves on an address, in a process of its own, and what can be seen of it from outside:
/// processor time, memory, bytes written, transactions.
/// </summary>
internal abstract partial class MeasuredProcess : IAsyncDisposable
{
    private const double TicksPerSecond = 100;
    private Process process = null!;
    private HeldPort? port;

    /// <summary>Where it listens: known once it was launched, and kept over a restart.</summary>
    public Uri Address { get; protected set; } = new("http://127.0.0.1:0");

    /// <summary>What the server, with its children, and this process have taken so far.</summary>
    public virtual Cost ReadCost()
    {
        double ticks = 0;
        long written = 0;
        foreach (string id in Tree())
        {
            string stat = ReadProc(id, "stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            ticks += double.Parse(fields[11], CultureInfo.InvariantCulture)
                + double.Parse(fields[12], CultureInfo.InvariantCulture);
            written += WrittenBytes(ReadProc(id, "io"));
        }

        return new Cost(
            TimeSpan.FromSeconds(ticks / TicksPerSecond), Environment.CpuUsage.TotalTime, ReadCommits(), written);
    }

    /// <summary>Resident memory in bytes.</summary>
    public long ReadMemory() =>
        long.Parse(ReadProc(Id, "statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;

    public virtual async ValueTask DisposeAsync()
    {
        await KillAsync();
        port?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Bytes that this process itself handed to the disk.</summary>
    public static long OwnWrittenBytes() => WrittenBytes(File.ReadAllText("/proc/self/io"));

    /// <summary>Durable transactions so far.</summary>
    protected abstract long ReadCommits();

    protected Task LaunchAsync(string[] command, CancellationToken cancellationToken) =>
        LaunchAsync(new ProcessStartInfo("dotnet", ["exec", .. command]), Listening(), cancellationToken);

    /// <summary>Starts a program; the line by which it says that it listens may name the address.</summary>
    protected async Task LaunchAsync(ProcessStartInfo start, Regex listening, CancellationToken cancellationToken)
    {
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellationToken);
        while (await process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            Match match = listening.Match(line);
            if (!match.Success) continue;
            if (match.Groups[1].Success) Address = new Uri(match.Groups[1].Value);
            _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            return;
        }

        throw new InvalidOperationException("The server did not start: " + await errors);
    }

    /// <summary>SIGKILL.</summary>
    protected async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static long WrittenBytes(string io) =>
        long.Parse(WriteBytes().Match(io).Groups[1].Value, CultureInfo.InvariantCulture);

    /// <summary>Returns where a program lies on the path; none: null.</summary>
    protected static string? Program(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Gets a port that no other test has while this lives.</summary>
    protected int Port => (port ??= new HeldPort()).Number;

    private string Id => process.Id.ToString(CultureInfo.InvariantCulture);

    /// <summary>The process with its children: PostgreSQL has one for each connection.</summary>
    private IEnumerable<string> Tree() =>
        File.ReadAllText($"/proc/{Id}/task/{Id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Prepend(Id);

    private static string ReadProc(string id, string file) => File.ReadAllText($"/proc/{id}/{file}");

    [GeneratedRegex(@"Serving on (http://\S+) from")]
    private static partial Regex Listening();

    [GeneratedRegex(@"^write_bytes: (\d+)", RegexOptions.Multiline)]
    private static partial Regex WriteBytes();
}
