using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ShareRpc.Benchmarks.Floors;
using ShareRpc.Benchmarks.Load;

namespace ShareRpc.Benchmarks.Peers;

/// <summary>
/// What fan-out is compared with, in a process of its own: what one publisher sends goes to everybody, through
/// SignalR's hub or over bare WebSockets of the same web server. Nothing is stored. A publication is answered when all
/// connections have taken it. And what a lone writer is compared with: one whose messages go to nobody, each of which
/// plain SQLite stores before it is answered.
/// </summary>
internal static class PeerProgram
{
    public const string Verb = "peer";
    public const string SignalR = "signalr";
    public const string WebSocket = "websocket";
    public const string Store = "store";
    public const string PublishPath = "/publish";
    public const string ViewPath = "/view";
    private const int LargestMessage = 4 * 1024 * 1024;
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(30);
    private static readonly ConcurrentDictionary<WebSocket, bool> Viewers = [];

    public static async Task<int> RunAsync(string kind, string directory)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSignalR(options => options.ClientTimeoutInterval = Silence);
        await using WebApplication application = builder.Build();
        application.UseWebSockets();
        application.MapHub<ViewersHub>(ViewPath + "/" + SignalR);
        application.Map(ViewPath + "/" + WebSocket, ViewAsync);
        IHubContext<ViewersHub> hub = application.Services.GetRequiredService<IHubContext<ViewersHub>>();
        using RawSqlite? store = kind == Store
            ? new RawSqlite(new OpBodies(), areIdsRandom: true, new(directory)) : null;
        Func<ReadOnlyMemory<byte>, Task> takeAsync = kind switch
        {
            SignalR => frame => ToHubAsync(hub, frame),
            Store => frame => ToStoreAsync(store!, frame),
            _ => ToSocketsAsync,
        };
        application.Map(PublishPath, context => PublishAsync(context, takeAsync));
        await application.StartAsync();
        Console.WriteLine($"Serving on {application.Urls.Single()} from memory");
        await application.WaitForShutdownAsync();
        return 0;
    }

    private static async Task ViewAsync(HttpContext context)
    {
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        Viewers[socket] = true;
        await socket.ReceiveAsync(new byte[1], context.RequestAborted).ContinueWith(
            _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        Viewers.TryRemove(socket, out _);
    }

    private static async Task PublishAsync(HttpContext context, Func<ReadOnlyMemory<byte>, Task> takeAsync)
    {
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        byte[] frame = new byte[LargestMessage];
        int length = 0;
        while (true)
        {
            ValueWebSocketReceiveResult part =
                await socket.ReceiveAsync(frame.AsMemory(length), context.RequestAborted);
            if (part.MessageType == WebSocketMessageType.Close) return;
            length += part.Count;
            if (!part.EndOfMessage) continue;
            await takeAsync(frame.AsMemory(0, length));
            length = 0;
            await socket.SendAsync("{\"result\":0}"u8.ToArray(), WebSocketMessageType.Text, true,
                context.RequestAborted);
        }
    }

    /// <summary>SignalR writes the message once for all who speak the same format.</summary>
    private static async Task ToHubAsync(IHubContext<ViewersHub> hub, ReadOnlyMemory<byte> frame)
    {
        using JsonDocument page = JsonDocument.Parse(frame);
        await hub.Clients.All.SendAsync("ops", page.RootElement);
    }

    /// <summary>By the thread that received it: there is one publisher.</summary>
    private static Task ToStoreAsync(RawSqlite store, ReadOnlyMemory<byte> frame)
    {
        store.Store(frame.Span);
        return Task.CompletedTask;
    }

    private static async Task ToSocketsAsync(ReadOnlyMemory<byte> frame)
    {
        var sending = new List<Task>();
        foreach (WebSocket viewer in Viewers.Keys)
        {
            ValueTask send = viewer.SendAsync(frame, WebSocketMessageType.Text, true, CancellationToken.None);
            if (!send.IsCompletedSuccessfully) sending.Add(send.AsTask());
        }

        await Task.WhenAll(sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
