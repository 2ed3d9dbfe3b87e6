namespace ShareRpc.Server.Memory;

/// <summary>
/// Whether a peer sends fast enough: so many bytes in each window, which begins anew when they have come. Only the time
/// counts that somebody waits for the peer. Not thread-safe.
/// </summary>
internal sealed class Pace(int bytesASecond, TimeSpan window, TimeProvider time)
{
    private readonly double wanted = bytesASecond * window.TotalSeconds;
    private long bytes;
    private TimeSpan waited;

    /// <summary>Something new is expected.</summary>
    public void Begin() => (bytes, waited) = (0, TimeSpan.Zero);

    public void Note(long arrived)
    {
        bytes += arrived;
        if (bytes >= wanted) Begin();
    }

    /// <summary>Waits for more; throws <see cref="TimeoutException"/> when the peer is too slow.</summary>
    public ValueTask<T> WaitAsync<T>(ValueTask<T> receive, CancellationToken cancellationToken) =>
        receive.IsCompleted ? receive : new ValueTask<T>(WaitAsync(receive.AsTask(), cancellationToken));

    private async Task<T> WaitAsync<T>(Task<T> receive, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        TimeSpan left = window - waited;
        try
        {
            return await receive.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time,
                cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            waited += time.GetElapsedTime(began);
        }
    }
}
