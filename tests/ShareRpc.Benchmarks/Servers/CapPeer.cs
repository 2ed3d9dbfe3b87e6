using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace ShareRpc.Benchmarks.Servers;

/// <summary>
/// A server of Cap'n Web by somebody else: a command that serves <c>append(share, ops)</c> over WebSockets on the port
/// <c>PORT</c>, keeps the ops in the file <c>DB</c>, and prints <c>ready</c>.
/// </summary>
internal sealed partial class CapPeer : MeasuredProcess
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sharerpc-peer-");

    private CapPeer()
    {
    }

    public static async Task<CapPeer> StartAsync(string command, CancellationToken cancellationToken)
    {
        var peer = new CapPeer();
        string[] words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var start = new ProcessStartInfo(words[0], words[1..]);
        start.Environment["PORT"] = peer.Port.ToString(CultureInfo.InvariantCulture);
        start.Environment["DB"] = Path.Combine(peer.directory.FullName, "ops.db");
        start.Environment["GROUP"] = "1"; // what waits goes into one transaction
        await peer.LaunchAsync(start, Ready(), cancellationToken);
        peer.Address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{peer.Port}"));
        return peer;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        directory.Delete(recursive: true); // here, since it is killed
    }

    protected override long ReadCommits() => 0;

    [GeneratedRegex("^ready")]
    private static partial Regex Ready();
}
