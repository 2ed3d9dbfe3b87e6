using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Commit;

/// <summary>A commit item that answers its caller with a value.</summary>
internal class CommitWork<T>(Func<CommitScope, ValueTask<T>> execute, Action? onDurable = null) : CommitItem
{
    private readonly TaskCompletionSource<T> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? result;

    /// <summary>Ends after the transaction did: with the value once it is durable, or with a <see cref="ShareRpcException"/>.</summary>
    public Task<T> Completion => completion.Task;

    public override async ValueTask ExecuteAsync(CommitScope scope) => result = await execute(scope);

    public override void Complete()
    {
        if (completion.Task.IsCompleted) return; // refused: the transaction stands, this item does not
        onDurable?.Invoke();
        OnDurable(result!);
        completion.TrySetResult(result!);
    }

    /// <summary>The transaction is on disk, and the caller is about to hear of it.</summary>
    protected virtual void OnDurable(T value)
    {
    }

    public override void Fail(ShareRpcException error) => completion.TrySetException(error);
}
