using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Connections;
using ShareRpc.Server.Memory;

namespace ShareRpc.Server.Hosting;

/// <summary>
/// Bounds connections before anything is read from them, the handshake of TLS included: all together, and those of one
/// address, but for trusted proxies. Any thread.
/// </summary>
internal sealed class SocketDoor(
    ServerOptions options, MemoryBudget memory, TimeProvider time, ILogger<SocketDoor> log)
{
    /// <summary>What a connection takes before it is upgraded.</summary>
    private const int IdleBytes = 12 * 1024;

    private readonly FairPlaces places = new(options.ServerLimits.Sockets);
    private readonly RateLimiter logged = new(options.ServerLimits.RefusalsLoggedPerMinute, maxKeys: 1, time);
    private readonly IPNetwork[] proxies =
        [.. options.TrustedProxies.Select(proxy => ServerOptions.FindNetwork(proxy)!.Value)];

    public async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        IPAddress? address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        if (address is { IsIPv4MappedToIPv6: true }) address = address.MapToIPv4();
        bool isProxy = address is not null && proxies.Any(proxy => proxy.Contains(address));
        string? network = isProxy ? null : ClientAddress.NetworkOf(address?.ToString());
        if (!places.TryTake(network))
        {
            Refuse(connection);
            return;
        }

        try
        {
            using MemoryAccount held = memory.Open(address?.ToString());
            if (held.TryConnect(IdleBytes)) await next(connection).ConfigureAwait(false);
            else Refuse(connection);
        }
        finally
        {
            places.Give(network);
        }
    }

    private void Refuse(ConnectionContext connection)
    {
        if (logged.TryTake("", out _)) log.SocketRefused();
        connection.Abort();
    }
}
