using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Load;
using ShareRpc.Benchmarks.Servers;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Benchmarks.Cells;

/// <summary>
/// <c>session@N</c> of <see cref="FlatCell"/>: a day of a busy session, N ops folded into 2,000 parts of a kilobyte
/// each, of which a server answers all pages of getState right after its start; and once before they are all folded,
/// after a kill. The work is documents.
/// </summary>
internal static class SessionCase
{
    private const int Ops = 100_000;
    private const int Parts = 2_000;
    private const int BodyBytes = 980;
    private const int Batch = 1_000;
    private const int WarmTimes = 10;

    public static async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"session@{Ops}");
        if (!bench.Options.Includes(name)) return;
        var bodies = new OpBodies(shortestBytes: BodyBytes);
        foreach (ServerUnderTest server in await bench.StartServersAsync(cancellationToken))
        {
            await using (server)
            {
                ShareToken owner = await FillAsync(bench, server, bodies, cancellationToken);
                var run = new CaseRun(FlatCell.Name, name, "docs/s", server.Name);
                await ReadUnfoldedAsync(server, owner, run, cancellationToken);
                await server.FoldAsync(cancellationToken);
                for (int round = 0; round < bench.Options.Rounds; round++)
                {
                    await server.RestartAsync(cancellationToken);
                    await RunRoundAsync(bench, server, owner, run, cancellationToken);
                }

                run.Note("all_pages_p50_ms", run.Latencies.Percentile(0.5));
                bench.Report(run);
            }
        }
    }

    /// <summary>Every page of a share's state: how many documents.</summary>
    public static async Task<double> ReadAllAsync(RpcSocket socket, long handle, CancellationToken cancellationToken)
    {
        double docs = 0;
        string after = "";
        while (true)
        {
            JsonElement page =
                await socket.CallAsync(ShareSetup.MethodOf(handle, "getState"), "{" + after + "}", cancellationToken);
            docs += page.GetProperty("docs").GetArrayLength();
            if (!page.TryGetProperty("next_key", out JsonElement next)) return docs;
            after = $"\"after_key\":{next.GetRawText()}";
        }
    }

    private static async Task<ShareToken> FillAsync(
        Bench bench, ServerUnderTest server, OpBodies bodies, CancellationToken cancellationToken)
    {
        await using ShareSetup setup = await server.SetUpAsync(cancellationToken);
        (_, ShareToken owner) = await setup.CreateShareAsync(cancellationToken);
        await using LoadWriter writer =
            await LoadWriter.OpenAsync(server.Address, owner, bodies, Parts, cancellationToken);
        int ops = bench.Options.Scale(Ops, Batch);
        while (writer.Sent < ops) await writer.AppendAsync((int)Math.Min(Batch, ops - writer.Sent), cancellationToken);
        return owner;
    }

    /// <summary>What the first reader waits for after a crash in the middle of the appends.</summary>
    private static async Task ReadUnfoldedAsync(
        ServerUnderTest server, ShareToken owner, CaseRun run, CancellationToken cancellationToken)
    {
        await server.RestartAsync(cancellationToken);
        run.Note("unfolded_ops", server.ReadUnfolded());
        await using RpcSocket socket = await RpcSocket.ConnectAsync(server.Address, cancellationToken);
        (long handle, _) = await socket.RedeemAsync($$"""{"token":"{{owner.Reveal()}}"}""", cancellationToken);
        long begun = Stopwatch.GetTimestamp();
        await ReadAllAsync(socket, handle, cancellationToken);
        run.Note("unfolded_all_pages_ms", Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
    }

    /// <summary>
    /// The time of all pages is the client's, so that the server's is below it; its processor time is beside it.
    /// </summary>
    private static async Task RunRoundAsync(
        Bench bench, ServerUnderTest server, ShareToken owner, CaseRun run, CancellationToken cancellationToken)
    {
        await using RpcSocket socket = await RpcSocket.ConnectAsync(server.Address, cancellationToken);
        (long handle, _) = await socket.RedeemAsync($$"""{"token":"{{owner.Reveal()}}"}""", cancellationToken);
        long bytes = socket.Bytes;
        await bench.RoundAsync(run, server, async () =>
        {
            long begun = Stopwatch.GetTimestamp();
            double docs = await ReadAllAsync(socket, handle, cancellationToken);
            run.Latencies.Add(Stopwatch.GetElapsedTime(begun));
            return (docs, socket.Bytes - bytes);
        });
        run.Note("all_pages_server_cpu_ms", run.Rounds[^1].Cost.ServerCpu.TotalMilliseconds);
        run.Note("state_megabytes", run.Rounds[^1].WireBytes / 1e6);
        await ReadWarmAsync(server, socket, handle, run, cancellationToken);
    }

    /// <summary>The same again, once its code is compiled and its pages are in memory.</summary>
    private static async Task ReadWarmAsync(
        ServerUnderTest server, RpcSocket socket, long handle, CaseRun run, CancellationToken cancellationToken)
    {
        for (int time = 0; time < WarmTimes; time++) await ReadAllAsync(socket, handle, cancellationToken);
        Cost before = server.ReadCost();
        for (int time = 0; time < WarmTimes; time++)
        {
            long begun = Stopwatch.GetTimestamp();
            await ReadAllAsync(socket, handle, cancellationToken);
            run.Note("warm_all_pages_ms", Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        run.Note("warm_all_pages_server_cpu_ms",
            server.ReadCost().Since(before).ServerCpu.TotalMilliseconds / WarmTimes);
    }
}
