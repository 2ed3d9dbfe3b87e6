using System.Net.WebSockets;

namespace ShareRpc.EndToEndTests.Attacks;

/// <summary>Calls over several connections, so many under way on each, as fast as they are answered or as a rate allows.</summary>
internal sealed class Flood(MeasuredServer server, string method, Func<string> parameters, double? perSecond)
{
    private const int Connections = 8;
    private const int UnderWay = 32;

    // below the 1,000 redemptions that one connection may try
    private const int CallsPerConnection = 900;
    private readonly long begun = TimeProvider.System.GetTimestamp();
    private long sent;
    private long answered;

    public double Rate => Interlocked.Read(ref answered) / TimeProvider.System.GetElapsedTime(begun).TotalSeconds;

    public Task RunAsync(CancellationToken ended) =>
        Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Task.Run(() => FloodAsync(ended), CancellationToken.None)));

    private async Task FloodAsync(CancellationToken ended)
    {
        while (!ended.IsCancellationRequested)
        {
            try
            {
                using RawConnection connection = await RawConnection.OpenAsync(server.Address, ended);
                int left = CallsPerConnection;
                await Task.WhenAll(Enumerable.Range(0, UnderWay).Select(async _ =>
                {
                    while (Interlocked.Decrement(ref left) >= 0)
                    {
                        await PaceAsync(ended);
                        await connection.CallAsync(method, parameters(), ended);
                        Interlocked.Increment(ref answered);
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
