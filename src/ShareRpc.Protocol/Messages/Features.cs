using System.Reflection;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Rpc;

namespace ShareRpc.Protocol.Messages;

/// <summary>Names what a server knows (SPEC [VER-5]), so that a client need not try.</summary>
public sealed record ProtocolFeatures
{
    /// <summary>Gets the caveats that it enforces.</summary>
    public required IReadOnlyList<string> Caveats { get; init; }

    /// <summary>Gets the methods of the handle that came with it.</summary>
    public required IReadOnlyList<string> Methods { get; init; }

    /// <summary>Gets what has no name of another kind: <c>trace_context</c> ([RPC-15]).</summary>
    public required IReadOnlyList<string> Extensions { get; init; }

    /// <summary>Returns the features of a handle's interface.</summary>
    public static ProtocolFeatures Of<THandle>() => OfHandle<THandle>.Features;

    private const string TraceContext = "trace_context";

    private static class OfHandle<THandle>
    {
        public static readonly ProtocolFeatures Features = new()
        {
            Caveats = [.. typeof(Caveats).GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Select(caveat => ProtocolJson.Options.PropertyNamingPolicy!.ConvertName(caveat.Name))],
            Methods = [.. WireMethods.Of(typeof(THandle)).Select(method => method.Name)],
            Extensions = [TraceContext],
        };
    }
}
