using ShareRpc.Benchmarks.Peers;

namespace ShareRpc.Benchmarks.Servers;

/// <summary>One of the peers of <see cref="PeerProgram"/>: this program again, in a process of its own.</summary>
internal sealed class PeerServer : MeasuredProcess
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sharerpc-peer-");

    private PeerServer(string kind) => Kind = kind;

    public string Kind { get; }

    public static async Task<PeerServer> StartAsync(string kind, CancellationToken cancellationToken)
    {
        var server = new PeerServer(kind);
        await server.LaunchAsync(
            [typeof(PeerServer).Assembly.Location, PeerProgram.Verb, kind, server.directory.FullName],
             cancellationToken);
        return server;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        directory.Delete(recursive: true); // here, since it is killed
    }

    protected override long ReadCommits() => 0;
}
