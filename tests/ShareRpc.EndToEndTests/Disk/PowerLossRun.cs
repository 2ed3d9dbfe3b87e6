using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite.Checking;

namespace ShareRpc.EndToEndTests.Disk;

/// <summary>
/// A server whose disk is journaled, and writers that append to it until it is killed; then any number of power losses,
/// each at a moment of its life, and a look at what each left.
/// </summary>
internal sealed class PowerLossRun : IAsyncDisposable
{
    private const int Writers = 4;
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sharerpc-power-");
    private readonly ShareToken owner = ShareToken.New(RandomId.New());
    private readonly List<AckedOp> acked = [];
    private readonly Lock gate = new();
    private IReadOnlyList<DiskRecord> journal = [];
    private string rootToken = "";
    private long readyAt;
    private long createdAt;

    public int Acked => acked.Count;

    public int Records => journal.Count;

    /// <summary>
    /// Starts the server on an empty disk, appends from all writers, and kills it once so many ops are acknowledged.
    /// </summary>
    public async Task LiveAsync(int ops, bool databaseSyncs, bool diskSyncs, CancellationToken cancellationToken)
    {
        DiskShim shim = await DiskShim.OpenAsync(directory.FullName);
        string data = Path.Combine(shim.Root, "data");
        string[] arguments = ["server", "--data", data, .. databaseSyncs ? Array.Empty<string>() : ["--never-syncs"]];
        await using Tool server = Tool.StartProgram(
            "ShareRpc.EndToEndTests.dll", await shim.EnvironmentAsync(journals: true, syncs: diskSyncs), arguments);
        await Until.TrueAsync(() => server.HasExited || server.Lines.Count > 0, cancellationToken);
        Assert.False(server.HasExited, server.Errors);
        var address = new Uri(server.Lines[0]["ready ".Length..]);
        readyAt = shim.JournalLength;
        rootToken = await File.ReadAllTextAsync(Path.Combine(data, "root.token"), cancellationToken);
        await CreateShareAsync(address, cancellationToken);
        createdAt = shim.JournalLength;

        Task[] writers =
            [.. Enumerable.Range(0, Writers).Select(i => AppendAsync(address, shim, i, cancellationToken))];
        await Until.TrueAsync(() => CountAcked() >= ops
            || writers.Any(writer => writer.IsCompleted), cancellationToken);
        server.Kill();
        await Task.WhenAll(writers);
        await server.WaitForExitAsync(cancellationToken);
        journal = DiskJournal.Read(shim.JournalPath);
    }

    /// <summary>
    /// The power goes at a moment that the seed chooses. What is wrong afterwards; empty when nothing is.
    /// </summary>
    public async Task<IReadOnlyList<string>> LosePowerAsync(int seed, CancellationToken cancellationToken)
    {
        // One in four in the first moments of the directory, where its files come to be.
        var dice = new Dice(seed);
        int moment = seed % 4 == 0
            ? dice.Next(0, journal.Count(record => record.End <= createdAt)) : dice.Next(0, journal.Count);
        long at = journal[moment].End;
        string rebuilt = Path.Combine(directory.FullName, $"after-{seed.ToString(CultureInfo.InvariantCulture)}");
        PowerLoss.Rebuild(journal, at, seed, rebuilt);
        try
        {
            return await LookAsync(Path.Combine(rebuilt, "data"), at, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return [$"after record {moment}: {exception.Message}"];
        }
        finally
        {
            Directory.Delete(rebuilt, recursive: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.CompletedTask;
        directory.Delete(recursive: true);
    }

    private int CountAcked()
    {
        lock (gate) return acked.Count;
    }

    private async Task CreateShareAsync(Uri address, CancellationToken cancellationToken)
    {
        Assert.True(ShareToken.TryParse(rootToken.Trim(), out ShareToken? root));
        await using AdminClient admin = await AdminClient.OpenRootAsync(address, root, cancellationToken);
        await admin.CreateShareAsync(
            new CreateShareRequest { ShareId = RandomId.New(), CapId = owner.CapId, TokenDigest = owner.Digest });
    }

    /// <summary>Appends batches of one to three ops until the server is gone.</summary>
    private async Task AppendAsync(Uri address, DiskShim shim, int writer, CancellationToken cancellationToken)
    {
        try
        {
            string writerId = RandomId.New();
            using PlainConnection connection =
                await PlainConnection.RedeemAsync(address, owner.Reveal(), writerId, cancellationToken);
            for (int seq = 1; ;)
            {
                int count = 1 + (seq % 3);
                JsonObject[] ops = [.. Enumerable.Range(seq, count).Select(next => Op(writer, next))];
                var batch = new JsonObject { ["batch_id"] = $"b{seq}", ["ops"] = new JsonArray([.. ops]) };
                JsonObject ack = await connection.AskAsync("appendOps", batch, cancellationToken);
                long length = shim.JournalLength;
                foreach (JsonNode? applied in ack["applied"]!.AsArray())
                {
                    string id = (string)applied!["op_id"]!;
                    JsonObject op = ops.Single(sent => (string)sent["op_id"]! == id);
                    lock (gate) acked.Add(
                        new AckedOp(id, (long)applied["cursor"]!, op["data"]!.ToJsonString(), length));
                }

                seq += count;
            }
        }
        catch (Exception exception) when (exception is WebSocketException or IOException)
        {
            // The server was killed.
        }
    }

    private static JsonObject Op(int writer, int seq)
    {
        var text = new string((char)('a' + (seq % 26)), 40 + (seq * 7 % 600));
        return new JsonObject
        {
            ["op_id"] = $"w{writer}.{seq}", ["seq"] = seq, ["verb"] = "put", ["kind"] = "part",
            ["key"] = $"{writer}.{seq % 50}",
            ["data"] = new JsonObject { ["n"] = seq, ["text"] = text },
        };
    }

    private async Task<IReadOnlyList<string>> LookAsync(string data, long at, CancellationToken cancellationToken)
    {
        var wrong = new List<string>();
        var options =
            new ServerOptions { DataDirectory = data, Urls = "http://127.0.0.1:0", LogLevel = LogLevel.Warning };
        await using (
            ShareRpcServer server = await ShareRpcServer.StartAsync(options, cancellationToken: cancellationToken))
        {
            bool isKept = !server.CreatedRootToken && File.Exists(server.RootTokenPath)
                && await File.ReadAllTextAsync(server.RootTokenPath, cancellationToken) == rootToken;
            if (at >= readyAt && !isKept) wrong.Add($"the root token is another after {at}");
            if (at >= createdAt) wrong.AddRange(await CompareAsync(server.Address, at, cancellationToken));
        }

        CheckReport report = DataCheck.Run(data, null, cancellationToken);
        return [.. wrong, .. report.Findings.Select(finding => finding.ToString())];
    }

    /// <summary>
    /// Every op acknowledged by then is there, at its cursor, as it was sent; the cursors are gapless.
    /// </summary>
    private async Task<List<string>> CompareAsync(Uri address, long at, CancellationToken cancellationToken)
    {
        IReadOnlyList<JsonObject> log = await PlainLog.ReadAsync(address, owner.Reveal(), cancellationToken);
        var wrong = new List<string>();
        for (int i = 0; i < log.Count; i++)
        {
            if ((long)log[i]["cursor"]! != i + 1) wrong.Add($"op {i + 1} has cursor {log[i]["cursor"]}");
        }

        foreach (AckedOp op in acked.Where(op => op.JournalLength <= at))
        {
            JsonObject? found = op.Cursor <= log.Count ? log[(int)op.Cursor - 1] : null;
            bool isThere = (string?)found?["op_id"] == op.OpId && found["data"]!.ToJsonString() == op.Text;
            if (!isThere) wrong.Add($"{op.OpId}, acknowledged at {op.Cursor}, is lost");
        }

        return wrong;
    }
}
