namespace ShareRpc.Tests.Fakes;

/// <summary>
/// A clock that only moves when told to. Timers fire inside <see cref="Advance"/>, in the order of their due times.
/// </summary>
internal sealed class ManualTimeProvider : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<ManualTimer> timers = [];
    private readonly List<(Func<TimeSpan, bool> Match, TaskCompletionSource<TimeSpan> Found)> watchers = [];
    private DateTimeOffset now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private TimeSpan jumped;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate) return now + jumped;
    }

    public override long GetTimestamp()
    {
        lock (gate) return now.Ticks;
    }

    /// <summary>
    /// Called with the due time of each timer that is made; what it throws is the failure of whoever waits. Not for a
    /// <see cref="PeriodicTimer"/>: one that was not made ends the process in its finalizer.
    /// </summary>
    public Action<TimeSpan>? OnTimer { get; set; }

    /// <summary>The wall clock is set, forward or back; no time passes, and no timer fires.</summary>
    public void Jump(TimeSpan by)
    {
        lock (gate) jumped += by;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        OnTimer?.Invoke(dueTime);
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>
    /// Ends when somebody waits for a time that matches: the sync point before <see cref="Advance"/>. Gives what is
    /// left of it.
    /// </summary>
    public Task<TimeSpan> TimerAsync(Func<TimeSpan, bool> match)
    {
        lock (gate)
        {
            foreach (ManualTimer timer in timers)
            {
                if (timer.DueAt is { } due && match(due - now)) return Task.FromResult(due - now);
            }

            var found = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
            watchers.Add((match, found));
            return found.Task;
        }
    }

    /// <summary>True when somebody waits for exactly this time from now.</summary>
    public bool Waits(TimeSpan left)
    {
        lock (gate) return timers.Exists(timer => timer.DueAt - now == left && timer.Period <= TimeSpan.Zero);
    }

    public void Advance(TimeSpan by)
    {
        DateTimeOffset end;
        lock (gate) end = now + by;
        while (TakeDue(end) is { } fire) fire();
        lock (gate) now = end;
    }

    private Action? TakeDue(DateTimeOffset end)
    {
        lock (gate)
        {
            ManualTimer? next = timers.Where(timer => timer.DueAt <= end).MinBy(timer => timer.DueAt);
            if (next is null) return null;
            now = next.DueAt!.Value > now ? next.DueAt.Value : now;
            next.DueAt = next.Period > TimeSpan.Zero ? now + next.Period : null;
            return next.Callback;
        }
    }

    private void Set(ManualTimer timer, TimeSpan due, TimeSpan period)
    {
        lock (gate)
        {
            timer.Period = period;
            timer.DueAt = due == Timeout.InfiniteTimeSpan ? null : now + due;
            if (!timers.Contains(timer)) timers.Add(timer);
            if (timer.DueAt is null) return;
            foreach ((Func<TimeSpan, bool> match, TaskCompletionSource<TimeSpan> found) in watchers.ToList())
            {
                if (match(due) && found.TrySetResult(due)) watchers.Remove((match, found));
            }
        }
    }

    private void Remove(ManualTimer timer)
    {
        lock (gate) timers.Remove(timer);
    }

    private sealed class ManualTimer(ManualTimeProvider owner, Action callback) : ITimer
    {
        public Action Callback => callback;

        public DateTimeOffset? DueAt { get; set; }

        public TimeSpan Period { get; set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            owner.Set(this, dueTime, period);
            return true;
        }

        public void Dispose() => owner.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
