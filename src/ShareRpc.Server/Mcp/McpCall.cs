using ShareRpc.Server.Access;
using ShareRpc.Server.Memory;
using ShareRpc.Server.Read;

namespace ShareRpc.Server.Mcp;

/// <summary>What one message of MCP may read. The library hands the services of a request to its tools.</summary>
/// <param name="outer">The services of the request.</param>
internal sealed class McpCall(IServiceProvider outer) : IServiceProvider
{
    public IServiceProvider Outer => outer;

    public required Authority Authority { get; init; }

    public required ShareReads Reads { get; init; }

    public required MemoryAccount Account { get; init; }

    public required CancellationToken Aborted { get; init; }

    public object? GetService(Type serviceType) =>
        serviceType == typeof(McpCall) ? this : outer.GetService(serviceType);
}
