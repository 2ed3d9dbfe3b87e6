using System.Diagnostics;
using System.Globalization;
using Npgsql;
using ShareRpc.Server.Storage.Postgres;

namespace ShareRpc.Tests.Fakes;

/// <summary>
/// One PostgreSQL server for all tests of this process, started by the first that needs it: a temporary folder, a
/// socket file, an unprivileged user. It ends with the process, however that ends. Each test has its own database.
/// </summary>
internal static class TestPostgres
{
    /// <summary>The server ends, and its folder goes, when the pipe to this script closes.</summary>
    private const string Script =
        """
        dir=$1; bin=$2; shift 2
        trap '' INT TERM HUP
        "$@" "$bin/initdb" -D "$dir/data" -A trust -U test -E UTF8 --no-locale --no-sync >"$dir/initdb.log" 2>&1 ||
          { cat "$dir/initdb.log"; rm -rf "$dir"; exit 1; }
        "$@" "$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c max_connections=400 \
          -c shared_buffers=64MB -c max_wal_size=256MB >"$dir/postgres.log" 2>&1 &
        until "$bin/pg_isready" -q -h "$dir" -U test || ! kill -0 $! 2>/dev/null; do sleep 0.05; done
        echo ready
        cat >/dev/null
        kill -QUIT $!; wait $!; rm -rf "$dir"
        """;

    private static readonly Lazy<string> Server = new(Start);
    private static readonly Lazy<Task<string>> Template = new(MakeTemplateAsync);
    private static int databases;

    /// <summary>Held, so that its pipe stays open.</summary>
    private static Process? server;

    /// <summary>Gets where the programs of a PostgreSQL server are; null if there is none.</summary>
    public static string? Programs { get; } = Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin"))
            .Where(bin => File.Exists(Path.Combine(bin, "initdb"))).Order(StringComparer.Ordinal).LastOrDefault()
        : null;

    /// <summary>Gets why a test that needs it is skipped; null in CI, where such a test fails.</summary>
    public static string? SkipReason =>
        Programs is null && Environment.GetEnvironmentVariable("CI") is null ? "PostgreSQL is not installed." : null;

    /// <summary>Makes a database with our schema; returns how to connect to it.</summary>
    public static async Task<string> NewDatabaseAsync() => await CreateAsync(await Template.Value);

    /// <summary>Makes an empty database; returns how to connect to it.</summary>
    public static Task<string> NewEmptyDatabaseAsync() => CreateAsync("template0");

    private static async Task<string> CreateAsync(string template)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"t{Interlocked.Increment(ref databases)}");
        await using var connection = new NpgsqlConnection($"{Server.Value};Database=postgres;Pooling=false");
        await connection.OpenAsync();
        await using var create = new NpgsqlCommand($"CREATE DATABASE {name} TEMPLATE {template}", connection);
        await create.ExecuteNonQueryAsync();
        return $"{Server.Value};Database={name}";
    }

    private static async Task<string> MakeTemplateAsync()
    {
        string template = await NewEmptyDatabaseAsync();
        (await PostgresShareStore.OpenAsync(template, isNew: true)).Dispose();
        return new NpgsqlConnectionStringBuilder(template).Database!;
    }

    private static string Start()
    {
        if (Programs is not { } bin) throw new InvalidOperationException("PostgreSQL is not installed.");
        string directory = Directory.CreateTempSubdirectory("sharerpc-pg-").FullName;
        var start = new ProcessStartInfo("sh")
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        foreach (string argument in (string[])["-c", Script, "sh", directory, bin]) start.ArgumentList.Add(argument);
        if (Environment.IsPrivilegedProcess)
        {
            // It refuses to run as root.
            using (Process chown = Process.Start("chown", ["postgres", directory])) chown.WaitForExit();
            foreach (string part in (string[])
                ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "env", "-C", "/"])
            {
                start.ArgumentList.Add(part);
            }
        }
        else
        {
            start.ArgumentList.Add("env");
        }

        server = Process.Start(start)!;
        string? said = server.StandardOutput.ReadLine();
        return said == "ready"
            ? $"Host={directory};Username=test"
            : throw new InvalidOperationException($"PostgreSQL did not start: {said}");
    }
}
