using System.Text.Json;
using ShareRpc.Protocol.Errors;
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

        Task call = MethodTable<T>.BeginAsync(handle, path[0], request, ended);
        await call.ConfigureAwait(false);
        return new CapResult(ResultValue.Of(call), IsRead(path[0]) ? Demand : null);
    }

    protected override void End() => handle.Dispose();

    /// <summary>What was read and not yet given is not given any more once access has ended (I7).</summary>
    public void Demand() => (handle as CapabilityHandle)?.Demand();

    private static bool IsRead(string method) =>
        method.StartsWith("read", StringComparison.Ordinal) || method.StartsWith("get", StringComparison.Ordinal)
            || method.StartsWith("list", StringComparison.Ordinal);

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
