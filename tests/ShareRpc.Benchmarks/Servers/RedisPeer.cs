using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace ShareRpc.Benchmarks.Servers;

/// <summary>Redis with an empty directory, which syncs what it has written before it answers.</summary>
internal sealed partial class RedisPeer : MeasuredProcess
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sharerpc-peer-");

    private RedisPeer() => EndPoint = new IPEndPoint(IPAddress.Loopback, Port);

    /// <summary>Gets whether Redis is on the path.</summary>
    public static bool IsInstalled => Program("redis-server") is not null;

    public IPEndPoint EndPoint { get; }

    public static async Task<RedisPeer> StartAsync(CancellationToken cancellationToken)
    {
        var peer = new RedisPeer();
        await peer.LaunchAsync(
            new ProcessStartInfo("redis-server",
            [
                "--port", peer.EndPoint.Port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1",
                "--save", "", "--dir", peer.directory.FullName, "--appendonly", "yes", "--appendfsync", "always",
            ]),
            Ready(), cancellationToken);
        return peer;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        directory.Delete(recursive: true); // here, since it is killed
    }

    protected override long ReadCommits() => 0;

    [GeneratedRegex("Ready to accept connections")]
    private static partial Regex Ready();
}
