using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Opencode;

/// <summary>
/// Tries again when the server is overloaded or cannot write, for a time: opencode sends nothing twice.
/// </summary>
internal sealed class SyncRetry(ServerLimits limits, TimeProvider time, CancellationToken aborted)
{
    public void ThrowIfAborted() => aborted.ThrowIfCancellationRequested();

    public async Task<T> RunAsync<T>(Func<Task<T>> attempt)
    {
        long began = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await attempt().ConfigureAwait(false);
            }
            catch (ShareRpcException error) when (error.Code is ErrorCode.Overloaded or ErrorCode.StorageUnavailable)
            {
                if (time.GetElapsedTime(began) > limits.HttpAppendWait) throw;
                await Task.Delay(error.RetryAfter ?? limits.OverloadedRetryAfter, time, aborted).ConfigureAwait(false);
            }
        }
    }
}
