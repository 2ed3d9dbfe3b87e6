using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace ShareRpc.EndToEndTests.Cluster;

/// <summary>
/// A PostgreSQL of a run's own, which is killed and started again: made by initdb as a user without privileges, in a
/// directory of its own.
/// </summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private const string User = "sharerpc";
    private readonly string directory;
    private readonly string[] settings;
    private readonly HeldPort port = new();
    private Process? postmaster;
    private int databases;

    private PostgresServer(string directory, string[] settings)
    {
        this.directory = directory;
        this.settings = settings;
    }

    /// <summary>The directory of PostgreSQL's programs; null where there is none.</summary>
    public static string? Programs { get; } = FindPrograms();

    /// <summary>Why tests that need it are skipped; null when it is there, or must be.</summary>
    public static string? Missing =>
        Programs is not null || Environment.GetEnvironmentVariable("CI") is not null
            ? null : "PostgreSQL is not installed (Debian: postgresql).";

    public int Port => port.Number;

    public int Id => postmaster!.Id;

    public bool IsRunning => postmaster is { HasExited: false };

    public static Task<PostgresServer> StartAsync(params string[] settings) => StartAsync(
        settings, data => AsUserAsync(
            "initdb", "-D", data, "-U", User, "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"));

    /// <summary>Starts one that follows this one.</summary>
    public Task<PostgresServer> StartStandbyAsync() => StartAsync(settings, data => AsUserAsync(
        "pg_basebackup", "-D", data, "-h", "127.0.0.1", "-p", Port.ToString(CultureInfo.InvariantCulture), "-U", User,
        "-R", "-X", "stream", "-c", "fast", "--no-sync"));

    /// <summary>Starts the postmaster, also after it was killed; returns when it takes connections.</summary>
    public async Task StartAgainAsync()
    {
        string[] arguments =
        [
            "-D", Path.Combine(directory, "data"), "-p", Port.ToString(CultureInfo.InvariantCulture),
            "-k", directory, "-c", "listen_addresses=127.0.0.1", "-c", "shared_buffers=64MB",
            "-c", "max_connections=200", "-c", "wal_retrieve_retry_interval=100ms",
            .. settings.SelectMany(setting => new[] { "-c", setting }),
        ];
        while (true)
        {
            postmaster = Start("postgres", arguments);
            postmaster.OutputDataReceived += static (_, _) => { };
            postmaster.ErrorDataReceived += static (_, _) => { };
            postmaster.BeginOutputReadLine();
            postmaster.BeginErrorReadLine();
            while (!postmaster.HasExited)
            {
                if (await TakesConnectionsAsync()) return;
                await Until.PassedAsync(TimeSpan.FromMilliseconds(20), CancellationToken.None);
            }

            // Children of the one that was killed may not be gone yet.
            await Until.PassedAsync(TimeSpan.FromMilliseconds(100), CancellationToken.None);
        }
    }

    /// <summary>SIGKILL: its children notice, and end.</summary>
    public async Task KillAsync()
    {
        postmaster!.Kill();
        await postmaster.WaitForExitAsync();
    }

    /// <summary>Makes an empty database; returns its name.</summary>
    public async Task<string> NewDatabaseAsync()
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"test{Interlocked.Increment(ref databases)}");
        await ExecuteAsync($"CREATE DATABASE {name}");
        return name;
    }

    /// <summary>Opens a connection of its own.</summary>
    public async Task<NpgsqlConnection> OpenAsync(string database, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(ConnectionString(database, Port) + ";Pooling=false;Timeout=3");
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public static string ConnectionString(string database, int port) => string.Create(CultureInfo.InvariantCulture,
        $"Host=127.0.0.1;Port={port};Username={User};Database={database}");

    /// <summary>Runs a statement in the database postgres, on a connection of its own.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using NpgsqlConnection connection = await OpenAsync("postgres", CancellationToken.None);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Delete();
        port.Dispose();
    }

    private static async Task<PostgresServer> StartAsync(string[] settings, Func<string, Task> fillAsync)
    {
        string directory = Directory.CreateTempSubdirectory("sharerpc-pg-").FullName;
        if (Environment.UserName == "root") await RunAsync("chown", "postgres", directory);
        await fillAsync(Path.Combine(directory, "data"));
        var server = new PostgresServer(directory, settings);
        await server.StartAgainAsync();
        return server;
    }

    private async Task StopAsync()
    {
        if (postmaster is null) return;
        if (!postmaster.HasExited) postmaster.Kill();
        await postmaster.WaitForExitAsync();
        postmaster.Dispose();
        postmaster = null;
    }

    private void Delete()
    {
        try
        {
            Directory.Delete(directory, recursive: true);
        }
        catch (IOException)
        {
            // A child of the postmaster was still ending.
        }
    }

    private async Task<bool> TakesConnectionsAsync()
    {
        try
        {
            await ExecuteAsync("SELECT 1");
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private static string? FindPrograms()
    {
        IEnumerable<string> folders = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal)
                .Select(version => Path.Combine(version, "bin")) : [];
        string[] path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return folders.Concat(path).FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")));
    }

    private static async Task AsUserAsync(string program, params string[] arguments)
    {
        using Process process = Start(program, arguments);
        Task<string> said = process.StandardError.ReadToEndAsync();
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program}: {await said}");
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
    }

    /// <summary>PostgreSQL refuses to run as root.</summary>
    private static Process Start(string program, string[] arguments)
    {
        string path = Path.Combine(Programs ?? throw new InvalidOperationException("PostgreSQL is missing"), program);
        ProcessStartInfo start = Environment.UserName == "root"
            ? new("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", path, .. arguments])
            : new(path, arguments);
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.WorkingDirectory = Path.GetTempPath();
        return Process.Start(start)!;
    }
}
