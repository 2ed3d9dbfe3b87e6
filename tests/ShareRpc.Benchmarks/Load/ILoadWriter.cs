namespace ShareRpc.Benchmarks.Load;

/// <summary>Who sends ops that others see.</summary>
internal interface ILoadWriter : IAsyncDisposable
{
    /// <summary>Ops sent so far: the cursor of the last one.</summary>
    long Sent { get; }

    /// <summary>One batch, answered when this returns.</summary>
    ValueTask AppendAsync(int batch, CancellationToken cancellationToken);
}
