using System.Buffers.Binary;
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

    public static async Task<ServerUnderTest> StartAsync(string program, string name, CancellationToken cancellationToken)
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

    public Task<ShareSetup> SetUpAsync(CancellationToken cancellationToken) => ShareSetup.OpenAsync(Address, RootToken, cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        directory.Delete(recursive: true);
    }

    private Task LaunchAsync(CancellationToken cancellationToken) => LaunchAsync(
        [program, "serve", "--data", directory.FullName, "--urls", Address.GetLeftPart(UriPartial.Authority)], cancellationToken);

    /// <summary>SQLite counts the transactions of a database in the first header of its shared memory.</summary>
    protected override long ReadCommits()
    {
        using FileStream shared = File.Open(
            Directory.GetFiles(directory.FullName, "*-shm").Single(), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Span<byte> header = stackalloc byte[12];
        shared.ReadExactly(header);
        return BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
    }
}
