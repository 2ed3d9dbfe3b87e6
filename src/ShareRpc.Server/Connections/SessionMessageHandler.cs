using System.Buffers;
using System.Text.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Connections.DirectCalls;
using ShareRpc.Server.Connections.Handles;
using StreamJsonRpc;
using StreamJsonRpc.Protocol;
using StreamJsonRpc.Reflection;

namespace ShareRpc.Server.Connections;

/// <summary>
/// Converts RPC messages. Tells the direct calls of new and released handles: released ones get
/// <c>method_not_found</c>, where the RPC layer would report wrong parameters.
/// </summary>
internal sealed class SessionMessageHandler(
    MessageSocket socket, DirectCallDispatcher? calls, IJsonRpcMessageFormatter formatter, RequestMemory requests,
    int maxHandles)
    : MessageHandlerBase(formatter), IJsonRpcMessageBufferManager
{
    private const string CallPrefix = "$/invokeProxy/";
    private const string ReleaseMethod = "$/releaseMarshaledObject";
    private HashSet<long>? released;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    /// <summary>Called when a message is about to be written; one at a time.</summary>
    public Action<JsonRpcMessage>? Writing { get; set; }

    public void DeserializationComplete(JsonRpcMessage message)
    {
        (message as IJsonRpcMessageBufferManager)?.DeserializationComplete(message);
        socket.GiveBack();
    }

    protected override async ValueTask<JsonRpcMessage?> ReadCoreAsync(CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> bytes = await socket.ReceiveAsync(cancellationToken).ConfigureAwait(false);
        if (bytes.IsEmpty) return null;
        JsonRpcMessage message = Deserialize(bytes);
        if (message is not JsonRpcRequest { Method: { } method } request) return message;
        if (request.IsResponseExpected && RequestMemory.IsKept(method) && socket.KeepAccount() is { } account)
            requests.Add(request.RequestId, account);
        if (method == ReleaseMethod) NoteRelease(request);
        else if (IsReleased(method)) request.Method = CallPrefix + "released";
        return message;
    }

    private JsonRpcMessage Deserialize(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return Formatter.Deserialize(new ReadOnlySequence<byte>(bytes));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            if (OddParams.Replace(bytes.Span) is not { } replaced) throw;
            return Formatter.Deserialize(new ReadOnlySequence<byte>(replaced));
        }
    }

    protected override async ValueTask WriteCoreAsync(JsonRpcMessage content, CancellationToken cancellationToken)
    {
        using var bytes = new ReplyBuffer();
        Formatter.Serialize(bytes, content);
        Writing?.Invoke(content);
        if (calls is not null && content is JsonRpcResult { Result: RedeemShareResult { Share: ShareHandle handle } })
        {
            Introduce(calls, handle, bytes.Written.Span);
        }

        await socket.SendAsync(bytes.Written, onTurn: null, cancellationToken).ConfigureAwait(false);
    }

    protected override ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>
    /// Reads the handle number from an outgoing result: <c>{..., "result": {"share": {"__jsonrpc_marshaled": 1,
    /// "handle": N</c>.
    /// </summary>
    private static void Introduce(DirectCallDispatcher calls, ShareHandle handle, ReadOnlySpan<byte> message)
    {
        var reader = new Utf8JsonReader(message);
        while (reader.Read())
        {
            bool isMember = reader.CurrentDepth == 3 && reader.TokenType == JsonTokenType.PropertyName;
            if (!isMember || !reader.ValueTextEquals("handle"u8)) continue;
            reader.Read();
            calls.Add(reader.GetInt64(), handle);
            return;
        }
    }

    private bool IsReleased(string method) =>
        released is not null && method.StartsWith(CallPrefix, StringComparison.Ordinal)
            && released.Contains(HandleOf(method));

    private static long HandleOf(string method)
    {
        int end = method.IndexOf('/', CallPrefix.Length);
        return end > 0
            && long.TryParse(method.AsSpan(CallPrefix.Length, end - CallPrefix.Length), out long handle) ? handle : -1;
    }

    /// <summary>Handles are numbered from 0 in order, which bounds what a peer can make this store.</summary>
    private void NoteRelease(JsonRpcRequest request)
    {
        try
        {
            bool isHandle = request.TryGetArgumentByNameOrIndex("handle", 0, typeof(long), out object? value)
                && value is >= 0L;
            if (isHandle && (long)value! < maxHandles)
            {
                (released ??= []).Add((long)value!);
                calls?.Remove((long)value!);
            }
        }
        catch (JsonException)
        {
        }
    }
}
