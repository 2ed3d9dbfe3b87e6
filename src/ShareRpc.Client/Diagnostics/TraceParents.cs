using System.Diagnostics;
using StreamJsonRpc;
using StreamJsonRpc.Protocol;

namespace ShareRpc.Client.Diagnostics;

/// <summary>Puts the span of this library into the envelope of a call ([RPC-15]); those of others stay here.</summary>
internal sealed class TraceParents : IActivityTracingStrategy
{
    public static readonly TraceParents Instance = new();

    public void ApplyOutboundActivity(JsonRpcRequest request)
    {
        if (Activity.Current is { Source.Name: OpTraces.SourceName, IdFormat: ActivityIdFormat.W3C } span)
            request.TraceParent = span.Id;
    }

    public IDisposable? ApplyInboundActivity(JsonRpcRequest request) => null;
}
