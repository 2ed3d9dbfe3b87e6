using Microsoft.Extensions.Time.Testing;

namespace ShareRpc.Tests.Fakes;

/// <summary>A clock that only moves when told to, and says who waits for what.</summary>
internal sealed class ManualTimeProvider() : FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero))
{
    private readonly Lock gate = new();
    private readonly List<WatchedTimer> timers = [];
    private readonly List<(Func<TimeSpan, bool> Match, TaskCompletionSource<TimeSpan> Found)> watchers = [];
    private TimeSpan jumped;

    /// <summary>
    /// Called with the due time of each timer that is made; what it throws is the failure of whoever waits. Not for a
    /// <see cref="PeriodicTimer"/>: one that was not made ends the process in its finalizer.
    /// </summary>
    public Action<TimeSpan>? OnTimer { get; set; }

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate) return base.GetUtcNow() + jumped;
    }

    /// <summary>The wall clock is set, forward or back; no time passes, and no timer fires.</summary>
    public void Jump(TimeSpan by)
    {
        lock (gate) jumped += by;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        OnTimer?.Invoke(dueTime);
        var timer = new WatchedTimer(this, callback);
        timer.Start(base.CreateTimer(timer.Fire, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>
    /// Ends when somebody waits for a time that matches: the sync point before <see cref="FakeTimeProvider.Advance"/>.
    /// Gives what is left of it.
    /// </summary>
    public Task<TimeSpan> TimerAsync(Func<TimeSpan, bool> match)
    {
        lock (gate)
        {
            foreach (WatchedTimer timer in timers)
            {
                if (timer.IsArmed && timer.DueAt - Passed is { } left && match(left)) return Task.FromResult(left);
            }

            var found = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
            watchers.Add((match, found));
            return found.Task;
        }
    }

    /// <summary>True when somebody waits for exactly this time from now.</summary>
    public bool Waits(TimeSpan left)
    {
        lock (gate)
        {
            return timers.Exists(
                timer => timer.IsArmed && timer.DueAt - Passed == left && timer.Period <= TimeSpan.Zero);
        }
    }

    private TimeSpan Passed => TimeSpan.FromTicks(GetTimestamp());

    private void Set(WatchedTimer timer, TimeSpan due, TimeSpan period)
    {
        lock (gate)
        {
            timer.IsArmed = false;
            (timer.DueAt, timer.Period) = (due == Timeout.InfiniteTimeSpan ? null : Passed + due, period);
            if (!timers.Contains(timer)) timers.Add(timer);
        }
    }

    /// <summary>From now on <see cref="FakeTimeProvider.Advance"/> fires it: only now may a test be told.</summary>
    private void Armed(WatchedTimer timer)
    {
        lock (gate)
        {
            timer.IsArmed = true;
            if (timer.DueAt - Passed is not { } left) return;
            foreach ((Func<TimeSpan, bool> match, TaskCompletionSource<TimeSpan> found) in watchers.ToList())
            {
                if (match(left) && found.TrySetResult(left)) watchers.Remove((match, found));
            }
        }
    }

    private void Fired(WatchedTimer timer)
    {
        lock (gate) timer.DueAt = timer.Period > TimeSpan.Zero ? Passed + timer.Period : null;
    }

    private void Forget(WatchedTimer timer)
    {
        lock (gate) timers.Remove(timer);
    }

    private sealed class WatchedTimer(ManualTimeProvider owner, TimerCallback callback) : ITimer
    {
        private ITimer? timer;

        public TimeSpan? DueAt { get; set; }

        public TimeSpan Period { get; set; }

        public bool IsArmed { get; set; }

        public void Start(ITimer started) => timer = started;

        public void Fire(object? state)
        {
            owner.Fired(this);
            callback(state);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            owner.Set(this, dueTime, period);
            bool isChanged = timer!.Change(dueTime, period);
            owner.Armed(this);
            return isChanged;
        }

        public void Dispose()
        {
            owner.Forget(this);
            timer!.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
