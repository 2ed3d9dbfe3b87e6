using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Storage.Model;

/// <summary>
/// Does the same steps to a store and to the model and compares what they answer and show. What is written in a
/// transaction is in <see cref="StoreWrites"/>.
/// </summary>
internal sealed class StoreRun : IAsyncDisposable
{
    private const int MostSnapshots = 3;
    private readonly ModelStore model = new();
    private readonly List<(IReadSnapshot Real, IReadSnapshot Model)> snapshots = [];
    private readonly Func<ValueTask<IShareStore>> open;
    private readonly Action<IShareStore> maintain;
    private IShareStore store;
    private (IWriteTransaction Real, IWriteTransaction Model)? transaction;
    private int made;

    private StoreRun(Func<ValueTask<IShareStore>> open, Action<IShareStore> maintain, IShareStore store) =>
        (this.open, this.maintain, this.store) = (open, maintain, store);

    public static async ValueTask<StoreRun> BeginAsync(
        Func<ValueTask<IShareStore>> open, Action<IShareStore> maintain) => new(open, maintain, await open());

    public async ValueTask DoAsync(StoreStep step)
    {
        switch (step.Act)
        {
            case StoreAct.Commit:
                await EndTransactionAsync(step, commit: true);
                break;
            case StoreAct.Rollback:
                await EndTransactionAsync(step, commit: false);
                break;
            case StoreAct.Reopen:
                await DisposeAsync();
                store = await open();
                await CompareCommittedAsync(step);
                break;
            case StoreAct.Maintain:
                maintain(store);
                break;
            case StoreAct.OpenSnapshot:
                await OpenSnapshotAsync(step);
                break;
            case StoreAct.ReadSnapshot:
                if (snapshots.Count > 0) await CompareAsync(snapshots.At(step.A).Real, snapshots.At(step.A).Model,
                    step);
                break;
            case StoreAct.CloseSnapshot:
                if (snapshots.Count > 0) await CloseSnapshotAsync(step.A % snapshots.Count);
                break;
            default:
                await WriteAsync(step);
                break;
        }
    }

    public async ValueTask FinishAsync()
    {
        var last = new StoreStep(StoreAct.Commit, 0, 3, 9);
        await EndTransactionAsync(last, commit: true);
        foreach ((IReadSnapshot real, IReadSnapshot expected) in snapshots) await CompareAsync(real, expected, last);
        await DisposeAsync();
        store = await open();
        await CompareCommittedAsync(last);
    }

    private static async ValueTask CompareAsync(IReadSnapshot real, IReadSnapshot expected, StoreStep step) =>
        Assert.Equal(await StoreView.OfAsync(expected, step), await StoreView.OfAsync(real, step));

    private async ValueTask CompareCommittedAsync(StoreStep step)
    {
        await using IReadSnapshot real = await store.BeginReadAsync();
        await using IReadSnapshot expected = await model.BeginReadAsync();
        await CompareAsync(real, expected, step);
    }

    private async ValueTask BeginTransactionAsync() =>
        transaction ??= (await store.BeginWriteAsync(), await model.BeginWriteAsync());

    private async ValueTask WriteAsync(StoreStep step)
    {
        await BeginTransactionAsync();
        made++;
        object? real = await StoreWrites.WriteAsync(transaction!.Value.Real, step, made);
        object? expected = await StoreWrites.WriteAsync(transaction.Value.Model, step, made);
        Assert.Equal(expected, real);
    }

    private async ValueTask EndTransactionAsync(StoreStep step, bool commit)
    {
        if (transaction is not { } ending) return;
        await CompareAsync(ending.Real, ending.Model, step);
        if (commit)
        {
            await ending.Real.CommitAsync();
            await ending.Model.CommitAsync();
        }

        await ending.Real.DisposeAsync();
        await ending.Model.DisposeAsync();
        transaction = null;
        await CompareCommittedAsync(step);
    }

    /// <summary>Half of them are read at once; the others see what is committed when they are.</summary>
    private async ValueTask OpenSnapshotAsync(StoreStep step)
    {
        if (snapshots.Count == MostSnapshots) await CloseSnapshotAsync(0);
        snapshots.Add((await store.BeginReadAsync(), await model.BeginReadAsync()));
        if (step.A % 2 == 0) await CompareAsync(snapshots[^1].Real, snapshots[^1].Model, step);
    }

    private async ValueTask CloseSnapshotAsync(int index)
    {
        await snapshots[index].Real.DisposeAsync();
        snapshots.RemoveAt(index);
    }

    /// <summary>What is not committed is lost.</summary>
    public async ValueTask DisposeAsync()
    {
        if (transaction is { } open) await open.Real.DisposeAsync();
        transaction = null;
        while (snapshots.Count > 0) await CloseSnapshotAsync(0);
        store.Dispose();
    }
}
