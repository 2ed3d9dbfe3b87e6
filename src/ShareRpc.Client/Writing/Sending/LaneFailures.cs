using System.Collections.Concurrent;
using ShareRpc.Client.Connection;

namespace ShareRpc.Client.Writing.Sending;

/// <summary>Shares whose lane failed unexpectedly: each waits before its lane starts again. Thread-safe.</summary>
internal sealed class LaneFailures(ShareClientOptions options, TimeProvider time)
{
    private readonly ConcurrentDictionary<long, Failure> failures = new();

    /// <summary>Returns why a share's lane failed; null once it has sent something since.</summary>
    public Exception? Find(long shareKey) => failures.GetValueOrDefault(shareKey)?.Error;

    /// <summary>Returns how long the lane waits.</summary>
    public TimeSpan Add(long shareKey, Exception error)
    {
        Backoff backoff = failures.GetValueOrDefault(shareKey)?.Backoff ?? new(options.FirstRetry, options.MaxRetry);
        TimeSpan wait = backoff.Next();
        failures[shareKey] = new Failure(error, backoff, time.GetTimestamp(), wait);
        return wait;
    }

    public bool IsWaiting(long shareKey) =>
        failures.GetValueOrDefault(shareKey) is { } failure && time.GetElapsedTime(failure.At) < failure.Wait;

    /// <summary>Returns whether there was a failure.</summary>
    public bool Clear(long shareKey) => failures.TryRemove(shareKey, out _);

    private sealed record Failure(Exception Error, Backoff Backoff, long At, TimeSpan Wait);
}
