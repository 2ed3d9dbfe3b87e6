using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Load;

namespace ShareRpc.Benchmarks.Servers;

/// <summary>
/// A real server in a process of its own, with an empty data directory, and what can be seen of it from outside: processor time, memory,
/// bytes written, transactions.
/// </summary>
internal sealed partial class ServerUnderTest : IAsyncDisposable
{
    private const double TicksPerSecond = 100;
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sharerpc-bench-");
    private readonly string program;
    private Process process;

    private ServerUnderTest(string program, string name)
    {
        this.program = program;
        Name = name;
        process = null!;
    }

    /// <summary><c>this</c>, or <c>against</c> for the other build of a comparison.</summary>
    public string Name { get; }

    public Uri Address { get; private set; } = new("http://127.0.0.1:0");

    public string RootToken => File.ReadAllText(Path.Combine(directory.FullName, "root.token")).Trim();

    public string DirectoryPath => directory.FullName;

    /// <summary>Where the tool lies that was built with this program.</summary>
    public static string OwnBuild => Path.Combine(AppContext.BaseDirectory, "sharerpc.dll");

    public static async Task<ServerUnderTest> StartAsync(string program, string name, CancellationToken cancellationToken)
    {
        var server = new ServerUnderTest(program, name);
        await server.LaunchAsync(cancellationToken);
        return server;
    }

    /// <summary>SIGKILL and a new process on the same data and address.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken)
    {
        process.Kill();
        await process.WaitForExitAsync(cancellationToken);
        process.Dispose();
        await LaunchAsync(cancellationToken);
    }

    public Task<ShareSetup> SetUpAsync(CancellationToken cancellationToken) => ShareSetup.OpenAsync(Address, RootToken, cancellationToken);

    /// <summary>What the server and this process have taken so far.</summary>
    public Cost ReadCost()
    {
        string stat = ReadProc("stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        double ticks = double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture);
        long written = long.Parse(WriteBytes().Match(ReadProc("io")).Groups[1].Value, CultureInfo.InvariantCulture);
        return new Cost(TimeSpan.FromSeconds(ticks / TicksPerSecond), Environment.CpuUsage.TotalTime, ReadCommits(), written);
    }

    /// <summary>Resident memory in bytes.</summary>
    public long ReadMemory() => long.Parse(ReadProc("statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        directory.Delete(recursive: true);
    }

    private async Task LaunchAsync(CancellationToken cancellationToken)
    {
        string[] arguments = ["exec", program, "serve", "--data", directory.FullName, "--urls", Address.GetLeftPart(UriPartial.Authority)];
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellationToken);
        while (await process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            Match match = Listening().Match(line);
            if (!match.Success) continue;
            Address = new Uri(match.Groups[1].Value);
            _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            return;
        }

        throw new InvalidOperationException("The server did not start: " + await errors);
    }

    /// <summary>SQLite counts the transactions of a database in the first header of its shared memory.</summary>
    private uint ReadCommits()
    {
        using FileStream shared = File.Open(
            Directory.GetFiles(directory.FullName, "*-shm").Single(), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Span<byte> header = stackalloc byte[12];
        shared.ReadExactly(header);
        return BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
    }

    private string ReadProc(string file) => File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process.Id}/{file}"));

    [GeneratedRegex(@"Serving on (http://\S+) from")]
    private static partial Regex Listening();

    [GeneratedRegex(@"^write_bytes: (\d+)", RegexOptions.Multiline)]
    private static partial Regex WriteBytes();
}
