namespace ShareRpc.Server.CapnWeb.Sessions;

/// <summary>Begins the calls of a session in the order in which they are ready, so many at once. Any thread.</summary>
internal sealed class CallLane(int most)
{
    private readonly Lock gate = new();
    private readonly Queue<Func<Task>> ready = new();
    private TaskCompletionSource? room;
    private TaskCompletionSource? idle;
    private int running;
    private bool isBeginning;

    /// <param name="begin">Begins a call before it returns; its task ends with the call, and never fails.</param>
    public void Add(Func<Task> begin)
    {
        lock (gate) ready.Enqueue(begin);
        BeginReady();
    }

    /// <summary>Waits until no call waits for its beginning.</summary>
    public Task WhenRoomAsync()
    {
        lock (gate)
        {
            if (ready.Count == 0) return Task.CompletedTask;
            return (room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>Waits until no call runs or waits.</summary>
    public Task WhenIdleAsync()
    {
        lock (gate)
        {
            if (ready.Count == 0 && running == 0) return Task.CompletedTask;
            return (idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    private void BeginReady()
    {
        while (true)
        {
            Func<Task> begin;
            lock (gate)
            {
                // One thread at a time, or the order were lost.
                if (isBeginning || ready.Count == 0 || running >= most) return;
                begin = ready.Dequeue();
                running++;
                isBeginning = true;
            }

            Task call = begin();
            lock (gate)
            {
                isBeginning = false;
                if (ready.Count == 0)
                {
                    room?.TrySetResult();
                    room = null;
                }
            }

            if (call.IsCompleted) EndOne();
            else _ = EndAsync(call);
        }
    }

    private async Task EndAsync(Task call)
    {
        await call.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        EndOne();
        BeginReady();
    }

    private void EndOne()
    {
        lock (gate)
        {
            if (--running > 0 || ready.Count > 0) return;
            idle?.TrySetResult();
            idle = null;
        }
    }
}
