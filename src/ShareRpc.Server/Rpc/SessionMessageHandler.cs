using System.Text.Json;
using ShareRpc.Protocol.Rpc;
using StreamJsonRpc;
using StreamJsonRpc.Protocol;

namespace ShareRpc.Server.Rpc;

/// <summary>
/// Remembers which handles were released: a call to one is answered <c>method_not_found</c>, as for any object that is not there. The RPC
/// layer, which keeps the name of a released method but none of its overloads, would take it for a call with wrong parameters.
/// </summary>
internal sealed class SessionMessageHandler(HotCallSocket socket, HotCalls calls, IJsonRpcMessageFormatter formatter, int maxHandles)
    : WebSocketMessageHandler(socket, formatter)
{
    private const string CallPrefix = "$/invokeProxy/";
    private const string ReleaseMethod = "$/releaseMarshaledObject";
    private readonly HashSet<long> released = [];

    /// <summary>Called when it is a message's turn to be written; one is at a time.</summary>
    public Action<JsonRpcMessage>? Writing { get; set; }

    protected override ValueTask WriteCoreAsync(JsonRpcMessage content, CancellationToken cancellationToken)
    {
        Writing?.Invoke(content);
        if (content is JsonRpcResult { Result: RedeemShareResult { Share: ShareHandle handle } }) socket.Announce(handle);
        return base.WriteCoreAsync(content, cancellationToken);
    }

    protected override async ValueTask<JsonRpcMessage?> ReadCoreAsync(CancellationToken cancellationToken)
    {
        JsonRpcMessage? message = await base.ReadCoreAsync(cancellationToken).ConfigureAwait(false);
        if (message is not JsonRpcRequest { Method: { } method } request) return message;
        if (method == ReleaseMethod) NoteRelease(request);
        else if (IsReleased(method)) request.Method = CallPrefix + "released";
        return message;
    }

    private bool IsReleased(string method) =>
        method.StartsWith(CallPrefix, StringComparison.Ordinal) && released.Contains(HandleOf(method));

    private static long HandleOf(string method)
    {
        int end = method.IndexOf('/', CallPrefix.Length);
        return end > 0 && long.TryParse(method.AsSpan(CallPrefix.Length, end - CallPrefix.Length), out long handle) ? handle : -1;
    }

    /// <summary>Handles are numbered from 0 in the order they are made, which bounds what a peer can make this remember.</summary>
    private void NoteRelease(JsonRpcRequest request)
    {
        try
        {
            bool isHandle = request.TryGetArgumentByNameOrIndex("handle", 0, typeof(long), out object? value) && value is >= 0L;
            if (isHandle && (long)value! < maxHandles)
            {
                released.Add((long)value!);
                calls.Remove((long)value!);
            }
        }
        catch (JsonException)
        {
            // Not a number: the RPC layer will say so.
        }
    }
}
