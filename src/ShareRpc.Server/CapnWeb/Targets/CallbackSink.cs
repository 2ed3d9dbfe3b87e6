using ShareRpc.Server.CapnWeb.Values;
using ShareRpc.Server.Connections.Handles;
using ShareRpc.Server.Read;

namespace ShareRpc.Server.CapnWeb.Targets;

/// <summary>Gives pages to a function of the peer. Its answer gives the credit back; a rejection ends it.</summary>
/// <param name="callback">The function, held by the call that subscribes.</param>
internal sealed class CallbackSink(CapTarget callback) : PageSink
{
    /// <summary>So many calls may be unanswered, however small their pages are.</summary>
    private const int MaxUnanswered = 4;

    private readonly Lock gate = new();
    private TaskCompletionSource? answered;
    private Exception? refusal;
    private int unanswered;

    public override bool HasRoom
    {
        get
        {
            lock (gate) return unanswered < MaxUnanswered;
        }
    }

    public override void Push(SharedPage page)
    {
        lock (gate) unanswered++;
        _ = CallAsync(page);
    }

    /// <summary>Waits until every call is answered; throws what one was rejected with.</summary>
    public Task WhenAnsweredAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (refusal is not null) return Task.FromException(refusal);
            if (unanswered == 0) return Task.CompletedTask;
            answered ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        return answered.Task.WaitAsync(cancellationToken);
    }

    private async Task CallAsync(SharedPage page)
    {
        try
        {
            using var arguments = new CapArguments([new JsonValue(page.Params)], buffer: null);
            CapResult answer = await callback.CallAsync([], arguments).ConfigureAwait(false);
            answer.Value.Drop();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            lock (gate)
            {
                refusal = exception;
                answered?.TrySetException(exception);
            }

            OnRefused(exception);
            return;
        }

        lock (gate)
        {
            if (--unanswered == 0) answered?.TrySetResult();
        }

        OnTaken(page.Bytes);
    }
}
