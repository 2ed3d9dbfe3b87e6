using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Maintenance;

/// <summary>
/// Watches the free space of the data directory. Below the floor appends wait, so that revocations and what the server
/// itself writes still find room. Thread-safe.
/// </summary>
internal sealed class SpaceWatch(
    ServerOptions options, ServerLimits limits, TimeProvider time, ILogger<SpaceWatch> log) : IServerLoop
{
    private volatile bool isLow;

    public string Name => "space";

    public bool IsLow => isLow;

    /// <summary>Throws <c>overloaded</c> while there is too little space to append.</summary>
    public void Demand()
    {
        if (isLow) throw new ShareRpcException(ErrorCode.Overloaded) { RetryAfter = limits.StorageRetryAfter };
    }

    public async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        while (true)
        {
            Look();
            succeeded();
            await Task.Delay(limits.SpaceInterval, time, stopping).ConfigureAwait(false);
        }
    }

    private void Look()
    {
        bool wasLow = isLow;
        // A database of several nodes has its own disk, elsewhere.
        isLow = options.Postgres is null && FreeSpace.Of(options.DataDirectory) < options.MinFreeSpace;
        if (isLow && !wasLow) log.SpaceLow(options.MinFreeSpace / (1024 * 1024));
        else if (wasLow && !isLow) log.SpaceBack();
    }
}
