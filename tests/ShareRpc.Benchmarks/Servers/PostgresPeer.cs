using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace ShareRpc.Benchmarks.Servers;

/// <summary>
/// PostgreSQL with an empty cluster, as it comes but for its log's size, and one table of ops with a unique index of
/// share and op id.
/// </summary>
internal sealed partial class PostgresPeer : MeasuredProcess
{
    private const string User = "sharerpc";
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sharerpc-peer-");

    private PostgresPeer()
    {
    }

    /// <summary>Gets whether its programs are there.</summary>
    public static bool IsInstalled => Programs is not null;

    /// <summary>Gets where nodes of this build keep their tables.</summary>
    public string StoreConnectionString => string.Create(CultureInfo.InvariantCulture,
        $"Host=127.0.0.1;Port={Port};Username={User};Database=postgres");

    public string ConnectionString => StoreConnectionString + ";Pooling=false";

    private static string? Programs => Program("initdb") is { } path ? Path.GetDirectoryName(path)
        : Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal)
                .Select(version => Path.Combine(version, "bin")).FirstOrDefault() : null;

    public static async Task<PostgresPeer> StartAsync(CancellationToken cancellationToken)
    {
        var peer = new PostgresPeer();
        string data = Path.Combine(peer.directory.FullName, "data");
        if (Environment.IsPrivilegedProcess)
            await RunAsync(new ProcessStartInfo("chown", ["postgres", peer.directory.FullName]), cancellationToken);
        await RunAsync(AsUser($"initdb -D {data} -U {User} -A trust --no-sync >/dev/null"), cancellationToken);
        await peer.LaunchAsync(AsUser(
            $"exec postgres -D {data} -p {peer.Port} -k {peer.directory.FullName} -c listen_addresses=127.0.0.1 "
            + "-c max_wal_size=8GB 2>&1"), Ready(), cancellationToken);
        await using var connection = new NpgsqlConnection(peer.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var table = new NpgsqlCommand(
            """
            CREATE TABLE ops (
              seq bigserial PRIMARY KEY, share_id text NOT NULL, op_id text NOT NULL, body text NOT NULL,
              UNIQUE (share_id, op_id))
            """, connection);
        await table.ExecuteNonQueryAsync(cancellationToken);
        return peer;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        try
        {
            directory.Delete(recursive: true);
        }
        catch (IOException)
        {
            // Its other processes were still ending.
        }
    }

    protected override long ReadCommits() => 0;

    /// <summary>Runs a program to its end.</summary>
    public static async Task RunAsync(ProcessStartInfo start, CancellationToken cancellationToken)
    {
        using Process process = Process.Start(start)!;
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0) throw new InvalidOperationException($"{start.FileName} failed.");
    }

    /// <summary>It refuses to run as root.</summary>
    private static ProcessStartInfo AsUser(string command)
    {
        string[] shell = ["sh", "-c", $"PATH={Programs}:$PATH; cd /; {command}"];
        string[] all = Environment.IsPrivilegedProcess
            ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", .. shell] : shell;
        return new ProcessStartInfo(all[0], all[1..]);
    }

    [GeneratedRegex("database system is ready to accept connections")]
    private static partial Regex Ready();
}
