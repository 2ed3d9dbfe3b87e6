using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Connections.Handles;

namespace ShareRpc.Server.Connections.DirectCalls;

/// <summary>A call read from its bytes.</summary>
/// <param name="Id">The request's id as it was written.</param>
/// <param name="Handle">Whose method it is.</param>
/// <param name="Method">Which.</param>
internal sealed record ParsedCall(byte[] Id, ShareHandle Handle, DirectMethod Method)
{
    public OpBatch? Batch { get; init; }

    /// <summary>Gets the <c>traceparent</c> of the envelope ([RPC-15]).</summary>
    public string? TraceParent { get; init; }

    public ReadOpsRequest? Read { get; init; }
}

internal enum DirectMethod
{
    None,
    AppendOps,
    ReadOps,
}
