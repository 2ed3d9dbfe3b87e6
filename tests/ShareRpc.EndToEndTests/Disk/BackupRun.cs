using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ShareRpc.EndToEndTests.Attacks;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Disk;

/// <summary><c>sharerpc backup</c> while ops arrive at a rate, each writer with a share and a connection.</summary>
internal sealed class BackupRun(int opsPerSecond, TimeSpan before)
{
    private const int Writers = 8;
    private const int OpsInBatch = 100;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);
    private readonly ConcurrentQueue<(TimeSpan At, TimeSpan Took)> acks = new();
    private readonly long begun = TimeProvider.System.GetTimestamp();

    private TimeSpan Now => TimeProvider.System.GetElapsedTime(begun);

    public async Task<BackupFigures> RunAsync(CancellationToken cancellationToken)
    {
        await using var world = new World();
        await world.StartServerAsync(null, cancellationToken);
        using var stopping = new CancellationTokenSource();
        List<RawConnection> connections = [];
        List<(RawConnection Connection, long Handle)> shares = [];
        for (int i = 0; i < Writers; i++)
        {
            connections.Add(await RawConnection.OpenAsync(world.Server, cancellationToken));
            shares.Add((connections[i], await MakeShareAsync(world, connections[i], cancellationToken)));
        }

        TimeSpan start = Now;
        Task[] writing = [.. shares.Select((share, i) =>
            WriteAsync(share.Connection, share.Handle, i, stopping.Token, cancellationToken))];
        using (var timer = new PeriodicTimer(Tick))
            while (Now - start < before && await timer.WaitForNextTickAsync(cancellationToken)) continue;
        string copy = world.PathOf("backup");
        long ackedBefore = acks.Count * OpsInBatch;
        TimeSpan from = Now;
        await using Tool made =
            await Tool.RunAsync(["backup", "--data", world.PathOf("data"), copy, "--json"], cancellationToken);
        TimeSpan to = Now;
        await stopping.CancelAsync();
        await Task.WhenAll(writing);
        Assert.True(made.ExitCode == 0, made.Errors);
        await using Tool check = await Tool.RunAsync(["check", "--data", copy, "--json"], cancellationToken);
        long onServer = 0;
        foreach ((RawConnection connection, long handle) in shares)
            onServer += await HeadAsync(connection, handle, cancellationToken);
        foreach (RawConnection connection in connections) connection.Dispose();

        return new BackupFigures(
            opsPerSecond, Rate(start, from), Rate(from, to), Times(start, from), Times(from, to),
            Math.Round((to - from).TotalSeconds, 2),
            new DirectoryInfo(copy).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length),
            ackedBefore, (long)made.Objects[^1]["ops"]!, acks.Count * OpsInBatch, onServer,
            check.ExitCode == 0 && (bool)check.Objects[^1]["ok"]!);
    }

    private double Rate(TimeSpan from, TimeSpan to) =>
        Math.Round(acks.Count(ack => ack.At >= from && ack.At < to) * OpsInBatch / (to - from).TotalSeconds);

    private Percentiles Times(TimeSpan from, TimeSpan to) =>
        Percentiles.Of(acks.Where(ack => ack.At >= from && ack.At < to).Select(ack => ack.Took));

    /// <summary>Appends a batch whenever one is due, and catches up; each batch waits for its ack.</summary>
    private async Task WriteAsync(
        RawConnection connection, long handle, int writer, CancellationToken stopping, CancellationToken timeout)
    {
        TimeSpan start = Now;
        using var timer = new PeriodicTimer(Tick);
        for (int sent = 0; !stopping.IsCancellationRequested;)
        {
            double due = (Now - start).TotalSeconds * opsPerSecond / Writers / OpsInBatch;
            if (sent >= due)
            {
                await timer.WaitForNextTickAsync(timeout);
                continue;
            }

            TimeSpan at = Now;
            JsonElement answer =
                await connection.CallAsync(handle, "appendOps", BatchOf(writer, sent++), timeout);
            Assert.Equal(OpsInBatch, answer.GetProperty("result").GetProperty("applied").GetArrayLength());
            acks.Enqueue((Now, Now - at));
        }
    }

    private static string BatchOf(int writer, int batch)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $$"""{"batch_id":"{{writer}}-{{batch}}","ops":[""");
        for (int i = 0; i < OpsInBatch; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $$$"""
                {{{(i > 0 ? "," : "")}}}{"op_id":"{{{writer}}}-{{{batch}}}-{{{i}}}","verb":"put","kind":"part",
                "key":"{{{batch}}}-{{{i}}}","data":{"text":"{{{new string('x', 120)}}}"}}
                """);
        }

        return text.Append("]}").ToString();
    }

    private static async Task<long> MakeShareAsync(
        World world, RawConnection connection, CancellationToken cancellationToken)
    {
        string root = (await File.ReadAllTextAsync(world.TokenFile, cancellationToken)).Trim();
        ShareToken owner = ShareToken.New(RandomId.New());
        long handle = await connection.RedeemAsync("redeemRoot", "root", root, cancellationToken);
        await connection.CallAsync(handle, "createShare", $$"""
            {"share_id":"{{RandomId.New()}}","cap_id":"{{owner.CapId}}","token_digest":"{{owner.Digest}}"}
            """, cancellationToken);
        return await connection.RedeemAsync("redeemShare", "share", owner.Reveal(), cancellationToken);
    }

    private static async Task<long> HeadAsync(
        RawConnection connection, long handle, CancellationToken cancellationToken)
    {
        JsonElement page =
            await connection.CallAsync(handle, "readOps", """{"after":9000000000}""", cancellationToken);
        return page.GetProperty("result").GetProperty("head").GetInt64();
    }
}
