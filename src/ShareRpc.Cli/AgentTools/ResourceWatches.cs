using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using ShareRpc.Cli.Terminal;
using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Errors;

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
    private readonly Dictionary<string, (CancellationTokenSource Ending, Task Run)> watches = [];

    /// <summary>Begins; what the session gets from now on is told.</summary>
    public async ValueTask<EmptyResult> SubscribeAsync(
        RequestContext<SubscribeRequestParams> context, CancellationToken stop)
    {
        string uri = context.Params?.Uri ?? "";
        string shareId = ReadingResources.ShareIdOf(uri);
        lock (gate)
        {
            if (watches.ContainsKey(uri)) return new EmptyResult();
            if (watches.Count >= Most) throw new McpException(
                $"No more than {Most} sessions can be watched at once. Unsubscribe from one first.");
        }

        try
        {
            (ShareReader reader, long head) = await sessions.OpenAsync(shareId, stop).ConfigureAwait(false);
            var ending = new CancellationTokenSource();
            McpServer server = context.Server;
            lock (gate)
            {
                watches[uri] = (ending, Task.Run(
                    () => WatchAsync(cancel => TellAsync(server, uri, cancel), reader, head, ending.Token),
                    CancellationToken.None));
            }
        }
        catch (Exception error) when (error is not (OperationCanceledException or McpException))
        {
            throw new McpException(SafeText.Line(Failure.Of(error).Message, 1000));
        }

        return new EmptyResult();
    }

    public async ValueTask<EmptyResult> UnsubscribeAsync(
        RequestContext<UnsubscribeRequestParams> context, CancellationToken stop)
    {
        (CancellationTokenSource Ending, Task Run) watch;
        lock (gate)
        {
            if (!watches.Remove(context.Params?.Uri ?? "", out watch)) return new EmptyResult();
        }

        await EndAsync(watch).ConfigureAwait(false);
        return new EmptyResult();
    }

    public async ValueTask DisposeAsync()
    {
        (CancellationTokenSource, Task)[] all;
        lock (gate)
        {
            all = [.. watches.Values];
            watches.Clear();
        }

        foreach ((CancellationTokenSource, Task) watch in all) await EndAsync(watch).ConfigureAwait(false);
    }

    private static async Task EndAsync((CancellationTokenSource Ending, Task Run) watch)
    {
        await watch.Ending.CancelAsync().ConfigureAwait(false);
        await watch.Run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        watch.Ending.Dispose();
    }

    private static Task TellAsync(McpServer server, string uri, CancellationToken stop) =>
        server.SendNotificationAsync(NotificationMethods.ResourceUpdatedNotification,
            new ResourceUpdatedNotificationParams { Uri = uri }, cancellationToken: stop);

    private async Task WatchAsync(
        Func<CancellationToken, Task> tellAsync, ShareReader reader, long head, CancellationToken stop)
    {
        await using ShareReader own = reader;
        using var news = new SemaphoreSlim(0, 1);
        Task telling = TellAllAsync();
        try
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    await foreach (var op in reader.FollowAsync(head, stop).ConfigureAwait(false))
                    {
                        head = op.Cursor;
                        Tell();
                    }

                    break; // the share has ended
                }
                catch (ShareGapException)
                {
                    head = (await reader.ReadStateAsync(stop).ConfigureAwait(false)).Cursor;
                    Tell();
                }
            }
        }
        catch (ShareRpcException)
        {
            // It cannot be read any more; who reads it is told why.
        }

        Tell();
        await telling.ConfigureAwait(false);

        void Tell()
        {
            if (news.CurrentCount == 0) news.Release();
        }

        async Task TellAllAsync()
        {
            while (true)
            {
                await news.WaitAsync(stop).ConfigureAwait(false);
                await tellAsync(stop).ConfigureAwait(false);
                await Task.Delay(Pause, time, stop).ConfigureAwait(false);
            }
        }
    }
}
