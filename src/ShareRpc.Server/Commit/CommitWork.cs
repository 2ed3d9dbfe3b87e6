using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Commit;

internal class CommitWork<T>(Func<CommitScope, ValueTask<T>> execute, Action? onDurable = null) : CommitItem
{
    private readonly TaskCompletionSource<T> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? result;

    public override int Ops => Size;

    /// <summary>Gets how many rows it writes, approximately.</summary>
    public int Size { get; init; } = 1;

    /// <summary>Completes once durable, or with a <see cref="ShareRpcException"/>.</summary>
    public Task<T> Completion => completion.Task;

    public override async ValueTask ExecuteAsync(CommitScope scope) => result = await execute(scope);

    public override void Complete()
    {
        if (completion.Task.IsCompleted) return; // refused: the transaction stands, this item does not
        onDurable?.Invoke();
        OnDurable(result!);
        completion.TrySetResult(result!);
    }

    /// <summary>Called before the caller is answered.</summary>
    protected virtual void OnDurable(T value)
    {
    }

    public override void Fail(ShareRpcException error) => completion.TrySetException(error);
}
