namespace ShareRpc.Server.Cluster;

/// <summary>Tells a loop that there is something to look at. For one that waits, and any that tell.</summary>
internal sealed class Hint
{
    private TaskCompletionSource given = New();

    public void Give() => Volatile.Read(ref given).TrySetResult();

    /// <summary>Returns after a hint, or after a time. What is given from then on counts for the next wait.</summary>
    public async Task WaitAsync(TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            await Volatile.Read(ref given).Task.WaitAsync(atMost, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return;
        }

        Volatile.Write(ref given, New());
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
