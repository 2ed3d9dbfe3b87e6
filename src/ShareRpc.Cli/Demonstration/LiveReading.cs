using ShareRpc.Cli.Terminal;
using ShareRpc.Cli.Watching;
using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Cli.Demonstration;

internal sealed class LiveReading : IAsyncDisposable
{
    private readonly SessionRenderer? renderer;
    private readonly Output output;
    private readonly CancellationTokenSource stopping = new();
    private readonly Task<ErrorCode?> following;
    private readonly Lock gate = new();
    private TaskCompletionSource moved = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public LiveReading(ShareReader reader, SessionRenderer? renderer, Output output)
    {
        this.renderer = renderer;
        this.output = output;
        following = FollowAsync(reader);
    }

    public long Cursor { get; private set; }

    public void EndLine() => renderer?.End();

    public async Task UntilAsync(long cursor, CancellationToken stop)
    {
        while (true)
        {
            Task next;
            lock (gate)
            {
                if (Cursor >= cursor) return;
                next = moved.Task;
            }

            if (await Task.WhenAny(next, following).WaitAsync(stop).ConfigureAwait(false) == following)
                throw new CliException(ExitCode.Error, "The demo failed: the server refused the reader.");
        }
    }

    /// <summary>Returns the refusal code; null if the share ended.</summary>
    public Task<ErrorCode?> EndAsync(CancellationToken stop) => following.WaitAsync(stop);

    /// <summary>Stops; the caller disposes the reader.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        await ((Task)following).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stopping.Dispose();
    }

    private async Task<ErrorCode?> FollowAsync(ShareReader reader)
    {
        try
        {
            await foreach (LoggedOp op in reader.FollowAsync(0, stopping.Token).ConfigureAwait(false)) Show(op);
            return null;
        }
        catch (ShareRpcException refused)
        {
            return refused.Code;
        }
    }

    private void Show(LoggedOp op)
    {
        if (renderer is not null)
        {
            output.Emit(new { Event = "op", op.Cursor, op.Verb, op.Kind, op.Key });
            if (!output.IsJson) renderer.Show(op);
        }

        lock (gate)
        {
            Cursor = op.Cursor;
            moved.SetResult();
            moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
