using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net.WebSockets;
using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Rpc;

namespace ShareRpc.Server.Hosting;

/// <summary>
/// Has the runtime compile the path of appends and reads before peers need it: drives a server of its own with data
/// that is thrown away, beside one that has started. Bounded by work and time; a failure costs speed only.
/// </summary>
internal sealed class WarmUp
{
    /// <summary>Each round lets the runtime find methods that are called often, and compile them again.</summary>
    public const int Rounds = 10;
    private const string Prefix = "sharerpc-warm-up-";
    private const int Writers = 4;
    private const int SinglesARound = 40;
    private const int BatchesARound = 5;
    private const int BatchOps = 100;
    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(20);

    /// <summary>More than the 100 ms for which the runtime waits before it counts calls.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(120);

    /// <summary>
    /// Gets whether it is of use: not where the compiler does not optimize, nor with <c>"ShareRpc.WarmUp": false</c> in
    /// <c>configProperties</c> of <c>sharerpc.runtimeconfig.json</c>.
    /// </summary>
    public static bool IsUseful => (!AppContext.TryGetSwitch("ShareRpc.WarmUp", out bool isOn) || isOn)
        && typeof(WarmUp).Assembly.GetCustomAttribute<DebuggableAttribute>() is not { IsJITOptimizerDisabled: true };

    public static async Task RunAsync(TimeProvider time, ILogger log, int rounds, CancellationToken stopping)
    {
        DirectoryInfo? directory = null;
        RemoveOld(time);
        try
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            using var limit = new CancellationTokenSource(MostTime, time);
            using CancellationTokenRegistration over = limit.Token.Register(end.Cancel);
            directory = Directory.CreateTempSubdirectory(Prefix);
            await DriveAsync(directory.FullName, time, rounds, end.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            if (!stopping.IsCancellationRequested) log.NotWarm(exception);
        }
        finally
        {
            Remove(directory);

            // Nothing of it is needed again. Peers may be connected: they do not wait for it.
            if (!stopping.IsCancellationRequested)
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false);
        }
    }

    private static async Task DriveAsync(string directory, TimeProvider time, int rounds, CancellationToken stopping)
    {
        var options = new ServerOptions
        {
            DataDirectory = Path.Combine(directory, "data"), Urls = "http://127.0.0.1:0", LogLevel = LogLevel.None,
            NeverSyncs = true, MinFreeSpace = 0,
        };
        ShareRpcServer server = await ShareRpcServer.StartAsync(options, time, builder =>
            builder.Services.AddSingleton<IMeterFactory, UnseenMeters>(), stopping).ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            string root = (await File.ReadAllTextAsync(server.RootTokenPath, stopping).ConfigureAwait(false)).Trim();
            using var http = new HttpClient { BaseAddress = server.Address };
            var writers = new List<Writer>();
            using var closing = new Closing(writers);
            for (int i = 0; i < Writers; i++)
                writers.Add(await Writer.OpenAsync(http, root, i, stopping).ConfigureAwait(false));
            for (int round = 0; round < rounds; round++)
            {
                for (int i = 0; i < SinglesARound; i++)
                {
                    await GiveWayAsync(time, stopping).ConfigureAwait(false);
                    await writers[0].AppendAsync(1, stopping).ConfigureAwait(false);
                }

                await GiveWayAsync(time, stopping).ConfigureAwait(false);
                await Task.WhenAll(writers.Select(writer => writer.AppendManyAsync(stopping))).ConfigureAwait(false);
                await Task.Delay(Pause, time, stopping).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Waits while peers have more to do here than there are processors, as when many come at once.</summary>
    private static async Task GiveWayAsync(TimeProvider time, CancellationToken stopping)
    {
        while (ThreadPool.PendingWorkItemCount > Environment.ProcessorCount)
            await Task.Delay(Pause, time, stopping).ConfigureAwait(false);
    }

    /// <summary>Removes what a process left that was killed meanwhile.</summary>
    private static void RemoveOld(TimeProvider time)
    {
        DateTime before = time.GetUtcNow().UtcDateTime - (3 * MostTime);
        foreach (DirectoryInfo old in new DirectoryInfo(Path.GetTempPath()).EnumerateDirectories($"{Prefix}*"))
        {
            if (old.LastWriteTimeUtc < before) Remove(old);
        }
    }

    private static void Remove(DirectoryInfo? directory)
    {
        try
        {
            directory?.Delete(recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A later start removes what is left in the directory for temporary files.
        }
    }

    /// <summary>Disposes writers before their server drains.</summary>
    private sealed class Closing(List<Writer> writers) : IDisposable
    {
        public void Dispose() => writers.ForEach(writer => writer.Dispose());
    }

    private sealed class Writer(ClientWebSocket socket) : IDisposable
    {
        private readonly byte[] reply = new byte[128 * 1024];
        private int calls;
        private long handle;
        private long seq;

        public static async Task<Writer> OpenAsync(
            HttpClient http, string root, int number, CancellationToken stopping)
        {
            using var body = new StringContent(
                $$"""{"sessionID":"warm-up-{{number}}"}""", Encoding.UTF8, "application/json");
            using HttpResponseMessage made = await http.PostAsync(
                new Uri($"/a/{root}/api/share", UriKind.Relative), body, stopping).ConfigureAwait(false);
            made.EnsureSuccessStatusCode();
            JsonNode share = JsonNode.Parse(
                await made.Content.ReadAsStringAsync(stopping).ConfigureAwait(false))!;
            var socket = new ClientWebSocket();
            socket.Options.AddSubProtocol(Subprotocols.V1Json);
            var address = new UriBuilder(http.BaseAddress!) { Scheme = "ws", Path = "/rpc" };
            await socket.ConnectAsync(address.Uri, stopping).ConfigureAwait(false);
            var writer = new Writer(socket);
            JsonNode redeemed = JsonNode.Parse(await writer.CallAsync("redeemShare",
                $$"""{"token":"{{share["secret"]}}","writer_id":"{{number:D22}}"}""", stopping)
                .ConfigureAwait(false))!;
            writer.handle = (long)redeemed["result"]!["share"]!["handle"]!;
            return writer;
        }

        public async Task AppendManyAsync(CancellationToken stopping)
        {
            for (int i = 0; i < BatchesARound; i++) await AppendAsync(BatchOps, stopping).ConfigureAwait(false);
            await CallAsync(
                $"$/invokeProxy/{handle}/readOps", $$"""{"after":{{seq - BatchOps}},"limit":{{BatchOps}}}""", stopping)
                .ConfigureAwait(false);
        }

        public Task AppendAsync(int ops, CancellationToken stopping)
        {
            var batch = new StringBuilder($$"""{"batch_id":"{{seq}}","ops":[""");
            for (int i = 0; i < ops; i++)
            {
                batch.Append(i > 0 ? "," : "").Append($$$"""
                    {"op_id":"{{{Guid.CreateVersion7()}}}","seq":{{{++seq}}},"verb":"put","kind":"part",
                    "key":"prt_{{{seq:D12}}}","data":{"id":"prt_{{{seq:D12}}}","type":"text","messageID":"msg_1",
                    "text":"What a part says, and the \"quotes\" that go with it.\n","time":{"start":{{{seq}}} } } }
                    """);
            }

            return CallAsync($"$/invokeProxy/{handle}/appendOps", batch.Append("]}").ToString(), stopping);
        }

        public void Dispose() => socket.Dispose();

        private async Task<string> CallAsync(string method, string arguments, CancellationToken stopping)
        {
            string call = $$"""{"jsonrpc":"2.0","id":{{++calls}},"method":"{{method}}","params":{{arguments}}}""";
            await socket.SendAsync(Encoding.UTF8.GetBytes(call), WebSocketMessageType.Text, true, stopping)
                .ConfigureAwait(false);
            int length = 0;
            ValueWebSocketReceiveResult part;
            do
            {
                part = await socket.ReceiveAsync(reply.AsMemory(length), stopping).ConfigureAwait(false);
                length += part.Count;
            }
            while (!part.EndOfMessage);
            return Encoding.UTF8.GetString(reply, 0, length);
        }
    }

    /// <summary>Gives meters another name: nobody counts the warm-up.</summary>
    private sealed class UnseenMeters : IMeterFactory
    {
        private readonly List<Meter> meters = [];

        public Meter Create(MeterOptions options)
        {
            var meter = new Meter(nameof(WarmUp));
            lock (meters) meters.Add(meter);
            return meter;
        }

        public void Dispose() => meters.ForEach(meter => meter.Dispose());
    }
}
