using Microsoft.Extensions.Logging;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redeeming;

namespace ShareRpc.Server.Connections;

/// <summary>Logs connections that were closed for what they sent, a few a minute of each address. Any thread.</summary>
internal sealed class RefusedFrames(ServerLimits limits, TimeProvider time, ILogger<RefusedFrames> log)
{
    private readonly RateLimiter logged = new(limits.RefusalsLoggedPerMinute, limits.LimitedKeys, time);

    public void Log(string? address, long connection, string rule)
    {
        if (logged.TryTake(ClientAddress.NetworkOf(address), out _)) log.FrameRefused(connection, rule);
    }
}
