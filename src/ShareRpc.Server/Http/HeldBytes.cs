namespace ShareRpc.Server.Http;

/// <summary>Limits the memory of request bodies; waiters are served in order, before reading. Any thread.</summary>
internal sealed class HeldBytes(ServerLimits limits)
{
    private readonly long limit = limits.HttpHeldBytes;
    private readonly Lock gate = new();
    private readonly LinkedList<(long Bytes, TaskCompletionSource Turn)> waiting = new();
    private long held;

    public async Task<Hold> TakeAsync(long bytes, CancellationToken cancellationToken)
    {
        bytes = Math.Min(bytes, limit);
        LinkedListNode<(long Bytes, TaskCompletionSource Turn)> mine;
        lock (gate)
        {
            if (waiting.Count == 0 && held + bytes <= limit)
            {
                held += bytes;
                return new Hold(this, bytes);
            }

            mine = waiting.AddLast((bytes, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
        }

        try
        {
            await mine.Value.Turn.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            Leave(mine);
            throw;
        }

        return new Hold(this, bytes);
    }

    private void Leave(LinkedListNode<(long Bytes, TaskCompletionSource Turn)> node)
    {
        lock (gate)
        {
            if (node.Value.Turn.Task.IsCompleted) held -= node.Value.Bytes;
            else waiting.Remove(node);
            Admit();
        }
    }

    private void GiveBack(long bytes)
    {
        lock (gate)
        {
            held -= bytes;
            Admit();
        }
    }

    private void Admit()
    {
        while (waiting.First is { } next && held + next.Value.Bytes <= limit)
        {
            held += next.Value.Bytes;
            waiting.RemoveFirst();
            next.Value.Turn.SetResult();
        }
    }

    internal sealed class Hold(HeldBytes owner, long bytes) : IDisposable
    {
        public void Dispose() => owner.GiveBack(bytes);
    }
}
