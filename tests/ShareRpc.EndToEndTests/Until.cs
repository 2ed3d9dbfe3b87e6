namespace ShareRpc.EndToEndTests;

/// <summary>
/// Waits for a condition of another process, which cannot be subscribed to: looked at every few milliseconds, under a
/// deadline.
/// </summary>
internal static class Until
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    /// <summary>For what paces a run, and for waiting before something is tried again.</summary>
    public static async Task PassedAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        long begun = TimeProvider.System.GetTimestamp();
        TimeSpan step = time < Interval ? time : Interval;
        while (TimeProvider.System.GetElapsedTime(begun) < time)
            await Task.Delay(step, TimeProvider.System, cancellationToken);
    }

    public static async Task TrueAsync(Func<bool> condition, CancellationToken cancellationToken)
    {
        while (!condition()) await Task.Delay(Interval, TimeProvider.System, cancellationToken);
    }

    public static async Task TrueAsync(Func<Task<bool>> condition, CancellationToken cancellationToken)
    {
        while (!await condition()) await Task.Delay(Interval, TimeProvider.System, cancellationToken);
    }
}
