namespace ShareRpc.Benchmarks.Load;

/// <summary>Who sees them.</summary>
internal interface ILoadViewer : IAsyncDisposable
{
    RpcSocket Socket { get; }

    /// <summary>
    /// Reads until the cursor reaches an end; tells of each page which ops it brought, (after, upTo].
    /// </summary>
    Task FollowAsync(Func<long, bool> goesOn, Action<long, long> onPage, CancellationToken cancellationToken);
}
