using System.Buffers.Binary;
using Microsoft.Data.Sqlite;
using ShareRpc.Benchmarks.Load;

namespace ShareRpc.Benchmarks.Servers;

/// <summary>A real server, with an empty data directory.</summary>
internal sealed class ServerUnderTest : MeasuredProcess
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sharerpc-bench-");
    private readonly string program;

    private ServerUnderTest(string program, string name)
    {
        this.program = program;
        Name = name;
    }

    /// <summary><c>this</c>, or <c>against</c> for the other build of a comparison.</summary>
    public string Name { get; }

    public string RootToken => File.ReadAllText(Path.Combine(directory.FullName, "root.token")).Trim();

    public string DirectoryPath => directory.FullName;

    /// <summary>Where the tool lies that was built with this program.</summary>
    public static string OwnBuild => Path.Combine(AppContext.BaseDirectory, "sharerpc.dll");

    public static async Task<ServerUnderTest> StartAsync(string program, string name,
        CancellationToken cancellationToken)
    {
        var server = new ServerUnderTest(program, name);
        await server.LaunchAsync(cancellationToken);
        return server;
    }

    /// <summary>SIGKILL and a new process on the same data and address.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken)
    {
        await KillAsync();
        await LaunchAsync(cancellationToken);
    }

    public Task<ShareSetup> SetUpAsync(CancellationToken cancellationToken) =>
        ShareSetup.OpenAsync(Address, RootToken, cancellationToken);

    /// <summary>Waits until every op is in the documents.</summary>
    public async Task FoldAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (ReadUnfolded() > 0) await timer.WaitForNextTickAsync(cancellationToken);
    }

    /// <summary>Ops of all shares that are in the log only.</summary>
    public long ReadUnfolded()
    {
        string path = Path.Combine(directory.FullName, "shares.db");
        using var database = new SqliteConnection($"Data Source={path};Mode=ReadOnly;Pooling=False");
        database.Open();
        using SqliteCommand command = database.CreateCommand();
        command.CommandText =
            "SELECT COUNT(*) FROM share s JOIN op o ON o.share_key = s.share_key AND o.cursor > s.folded";
        return (long)command.ExecuteScalar()!;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        directory.Delete(recursive: true);
    }

    private Task LaunchAsync(CancellationToken cancellationToken) => LaunchAsync(
        [program, "serve", "--data", directory.FullName, "--urls", Address.GetLeftPart(UriPartial.Authority)],
         cancellationToken);

    /// <summary>SQLite counts the transactions of a database in the first header of its shared memory.</summary>
    protected override long ReadCommits()
    {
        using FileStream shared = File.Open(
            Path.Combine(directory.FullName, "shares.db-shm"), FileMode.Open, FileAccess.Read,
            FileShare.ReadWrite);
        Span<byte> header = stackalloc byte[12];
        shared.ReadExactly(header);
        return BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
    }
}
