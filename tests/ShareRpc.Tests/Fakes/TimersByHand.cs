namespace ShareRpc.Tests.Fakes;

/// <summary>The system's clock, but timers of one due time fire when a test says so.</summary>
internal sealed class TimersByHand(TimeSpan dueTime) : TimeProvider
{
    private readonly List<Held> held = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan due, TimeSpan period)
    {
        if (due != dueTime) return System.CreateTimer(callback, state, due, period);
        var timer = new Held(this, () => callback(state));
        lock (held) held.Add(timer);
        return timer;
    }

    /// <summary>Fires those that were not switched off.</summary>
    public void Fire()
    {
        Held[] all;
        lock (held) all = [.. held];
        foreach (Held timer in all) timer.Fire();
    }

    private sealed class Held(TimersByHand owner, Action fire) : ITimer
    {
        private volatile bool isOff;

        public void Fire()
        {
            if (!isOff) fire();
        }

        public bool Change(TimeSpan due, TimeSpan period)
        {
            isOff = due == Timeout.InfiniteTimeSpan;
            return true;
        }

        public void Dispose()
        {
            lock (owner.held) owner.held.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
