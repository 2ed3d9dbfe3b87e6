namespace ShareRpc.Tests.Attacks;

/// <summary>
/// Tells a hang from a slow machine: an input may take a second of the processor, and be unanswered for minutes only.
/// </summary>
internal static class Hangs
{
    private const int Tries = 4;
    private static readonly TimeSpan Processor = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Unanswered = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Fails when an input takes over a second of processor time each time: what runs beside it counts, too, but not
    /// every time.
    /// </summary>
    public static async Task<T> NoneAsync<T>(string input, Func<Task<T>> act)
    {
        for (int tries = 1; ; tries++)
        {
            TimeSpan before = Environment.CpuUsage.TotalTime;
            T result = await act().WaitAsync(Unanswered);
            TimeSpan took = Environment.CpuUsage.TotalTime - before;
            if (took < Processor) return result;
            Assert.True(tries < Tries, $"{took} of the processor: {input}");
        }
    }

    public static Task NoneAsync(string input, Func<Task> act) => NoneAsync(input, async () =>
    {
        await act();
        return true;
    });
}
