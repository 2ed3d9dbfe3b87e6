using System.Net.WebSockets;

namespace ShareRpc.EndToEndTests.Attacks;

/// <summary>
/// Calls over several connections, so many under way on each, as fast as they are answered or as a rate allows.
/// </summary>
internal sealed class Flood(MeasuredServer server, string method, Func<string> parameters, double? perSecond)
{
    private const int Connections = 8;
    private const int UnderWay = 32;

    // Below the 1,000 redemptions that one connection may try. Unequal, or all would begin anew at one time.
    private const int CallsPerConnection = 900;
    private const int FewerOnEach = 50;
    private readonly long begun = TimeProvider.System.GetTimestamp();
    private readonly TaskCompletionSource underWay = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long sent;
    private long answered;

    public double Rate => Interlocked.Read(ref answered) / TimeProvider.System.GetElapsedTime(begun).TotalSeconds;

    /// <summary>Ends when as many calls were answered as are under way at a time.</summary>
    public Task IsUnderWay => underWay.Task;

    public Task RunAsync(CancellationToken ended) =>
        Task.WhenAll(Enumerable.Range(0,
            Connections).Select(number => Task.Run(() => FloodAsync(number, ended), CancellationToken.None)));

    private async Task FloodAsync(int number, CancellationToken ended)
    {
        while (!ended.IsCancellationRequested)
        {
            try
            {
                using RawConnection connection = await RawConnection.OpenAsync(server.Address, ended);
                int left = CallsPerConnection - (number * FewerOnEach);
                await Task.WhenAll(Enumerable.Range(0, UnderWay).Select(async _ =>
                {
                    while (Interlocked.Decrement(ref left) >= 0)
                    {
                        await PaceAsync(ended);
                        await connection.CallAsync(method, parameters(), ended);
                        if (Interlocked.Increment(ref answered) == Connections * UnderWay) underWay.TrySetResult();
                    }
                }));
            }
            catch (Exception over) when (over is OperationCanceledException or WebSocketException)
            {
                if (!ended.IsCancellationRequested && over is not WebSocketException) throw;
            }
        }
    }

    private async Task PaceAsync(CancellationToken ended)
    {
        if (perSecond is not { } rate) return;
        double due = Interlocked.Increment(ref sent) / rate;
        double early = due - TimeProvider.System.GetElapsedTime(begun).TotalSeconds;
        if (early > 0.001) await Task.Delay(TimeSpan.FromSeconds(early), TimeProvider.System, ended);
    }
}
