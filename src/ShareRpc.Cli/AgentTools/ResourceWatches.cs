using System.Threading.Channels;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using ShareRpc.Cli.Terminal;
using ShareRpc.Client.Reading;

namespace ShareRpc.Cli.AgentTools;

/// <summary>
/// Tells a client of MCP that a session to which it has subscribed has gone on, at most once a second each. Any thread.
/// </summary>
internal sealed class ResourceWatches(ReadableSessions sessions, TimeProvider time) : IAsyncDisposable
{
    /// <summary>Each is a connection to the server.</summary>
    private const int Most = 16;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly Dictionary<string, Watch> watches = [];

    /// <summary>Gets how many sessions are watched.</summary>
    public int Count
    {
        get
        {
            lock (gate) return watches.Count;
        }
    }

    /// <summary>Begins; what the session gets from now on is told.</summary>
    public async ValueTask<EmptyResult> SubscribeAsync(
        RequestContext<SubscribeRequestParams> context, CancellationToken stop)
    {
        string uri = context.Params?.Uri ?? "";
        string shareId = ReadingResources.ShareIdOf(uri);
        McpServer server = context.Server;
        var watch = new Watch();
        lock (gate)
        {
            if (watches.ContainsKey(uri)) return new EmptyResult();
            if (watches.Count >= Most) throw new McpException(
                $"No more than {Most} sessions can be watched at once. Unsubscribe from one first.");
            watches.Add(uri, watch);
        }

        try
        {
            (ShareReader reader, long head) = await sessions.OpenAsync(shareId, stop).ConfigureAwait(false);
            watch.Run = Task.Run(() => WatchAsync(server, uri, watch, reader, head), CancellationToken.None);
        }
        catch (Exception error)
        {
            if (Remove(uri, watch)) watch.Dispose();
            if (error is OperationCanceledException or McpException) throw;
            throw new McpException(SafeText.Line(Failure.Of(error).Message, 1000));
        }

        return new EmptyResult();
    }

    public async ValueTask<EmptyResult> UnsubscribeAsync(
        RequestContext<UnsubscribeRequestParams> context, CancellationToken stop)
    {
        Watch? watch;
        lock (gate) watches.Remove(context.Params?.Uri ?? "", out watch);
        if (watch is not null) await watch.EndAsync().ConfigureAwait(false);
        return new EmptyResult();
    }

    public async ValueTask DisposeAsync()
    {
        Watch[] all;
        lock (gate)
        {
            all = [.. watches.Values];
            watches.Clear();
        }

        foreach (Watch watch in all) await watch.EndAsync().ConfigureAwait(false);
    }

    /// <summary>Gives its place to another; false if somebody else has ended it.</summary>
    private bool Remove(string uri, Watch watch)
    {
        lock (gate)
            return watches.TryGetValue(uri, out Watch? current) && current == watch && watches.Remove(uri);
    }

    private async Task WatchAsync(McpServer server, string uri, Watch watch, ShareReader reader, long head)
    {
        var news = Channel.CreateBounded<bool>(
            new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        await using (reader)
        {
            Task following = FollowAsync(reader, head, news.Writer, watch.Stop);
            try
            {
                await foreach (bool _ in news.Reader.ReadAllAsync(watch.Stop).ConfigureAwait(false))
                {
                    await server.SendNotificationAsync(NotificationMethods.ResourceUpdatedNotification,
                        new ResourceUpdatedNotificationParams { Uri = uri }, cancellationToken: watch.Stop)
                        .ConfigureAwait(false);
                    await Task.Delay(Pause, time, watch.Stop).ConfigureAwait(false);
                }
            }
            finally
            {
                bool isOwn = Remove(uri, watch);
                if (isOwn) watch.Cancel();
                await following.ConfigureAwait(false);
                if (isOwn) watch.Dispose();
            }
        }
    }

    /// <summary>
    /// Follows until the share ends or cannot be read, which is news, too: who then reads it is told why.
    /// </summary>
    private static async Task FollowAsync(
        ShareReader reader, long head, ChannelWriter<bool> news, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                try
                {
                    await foreach (var op in reader.FollowAsync(head, stop).ConfigureAwait(false))
                    {
                        head = op.Cursor;
                        news.TryWrite(true);
                    }

                    break;
                }
                catch (ShareGapException)
                {
                    head = (await reader.ReadStateAsync(stop).ConfigureAwait(false)).Cursor;
                    news.TryWrite(true);
                }
            }
        }
        catch (Exception) when (!stop.IsCancellationRequested)
        {
            // It cannot be read any more.
        }
        catch (OperationCanceledException)
        {
            // Nobody watches.
        }
        finally
        {
            news.TryWrite(true);
            news.Complete();
        }
    }

    private sealed class Watch : IDisposable
    {
        private readonly CancellationTokenSource ending = new();

        public CancellationToken Stop => ending.Token;

        /// <summary>Gets or sets what it does once the session is open.</summary>
        public Task Run { get; set; } = Task.CompletedTask;

        public void Cancel() => ending.Cancel();

        public async Task EndAsync()
        {
            await ending.CancelAsync().ConfigureAwait(false);
            await Run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Dispose();
        }

        public void Dispose() => ending.Dispose();
    }
}
