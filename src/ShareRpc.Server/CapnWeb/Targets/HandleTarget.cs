using System.Text.Json;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.CapnWeb.Values;
using ShareRpc.Server.Connections.DirectCalls;
using ShareRpc.Server.Connections.Handles;

namespace ShareRpc.Server.CapnWeb.Targets;

/// <summary>A handle of a share or of root, which ends with its last stub.</summary>
/// <typeparam name="T">The interface that the protocol gives it.</typeparam>
/// <param name="handle">The handle, which this owns.</param>
/// <param name="ended">Ends the waits of its calls.</param>
internal sealed class HandleTarget<T>(T handle, CancellationToken ended) : CapTarget
    where T : class, IDisposable
{
    public override async Task<CapResult> CallAsync(IReadOnlyList<string> path, CapArguments arguments)
    {
        if (path.Count != 1) throw new ShareRpcException(ErrorCode.MethodNotFound);
        ReadOnlyMemory<byte>? request = arguments.JsonAt(0);
        bool isAppend = path[0] == "appendOps" && request is not null;
        if (isAppend && handle is ShareHandle share && Parse(request!.Value.Span) is { } batch)
        {
            Ack ack = await share.AppendOpsAsync(batch).ConfigureAwait(false);
            return new CapResult(ResultValue.Of(ack));
        }

        if (path[0] == "subscribe" && handle is ShareHandle followed)
            return await SubscribeAsync(followed, request, arguments).ConfigureAwait(false);
        Task call = MethodTable<T>.BeginAsync(handle, path[0], request, ended);
        await call.ConfigureAwait(false);
        return new CapResult(ResultValue.Of(call), DemandOf(path[0]));
    }

    /// <summary>Throws why what was read, and not yet given, may not be given any more (I7).</summary>
    public void Demand(bool isPage) => (handle as CapabilityHandle)?.Demand(isPage);

    protected override void End() => handle.Dispose();

    /// <summary>The second argument is the function that gets the pages.</summary>
    private async Task<CapResult> SubscribeAsync(
        ShareHandle share, ReadOnlyMemory<byte>? request, CapArguments arguments)
    {
        if (arguments.Items.ElementAtOrDefault(1) is not StubValue callback)
            throw new ShareRpcException(ErrorCode.InvalidParams);
        var sink = new CallbackSink(callback.Target);
        OpPage last = await share.FollowAsync(RequestJson.Read<SubscribeRequest>(request), sink, ended)
            .ConfigureAwait(false);
        await sink.WhenAnsweredAsync(ended).ConfigureAwait(false);
        return new CapResult(ResultValue.Of(last));
    }

    private Action? DemandOf(string method)
    {
        if (method is "readOps" or "getState" or "search" or "searchShares") return () => Demand(isPage: true);
        return method.StartsWith("list", StringComparison.Ordinal) ? () => Demand(isPage: false) : null;
    }

    /// <summary>Returns null for a notation that the serializer has to read.</summary>
    private static OpBatch? Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = WireJson.MaxDepth });
        reader.Read();
        try
        {
            return BatchParser.Parse(ref reader, json);
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
