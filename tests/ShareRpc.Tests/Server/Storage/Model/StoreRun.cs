using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Storage.Model;

/// <summary>
/// Does the same steps to a store and to the model and compares what they answer and show. Transactions, savepoints and snapshots are here;
/// what is written in a transaction is in the other part.
/// </summary>
internal sealed partial class StoreRun(Func<IShareStore> open) : IDisposable
{
    private const int MostSnapshots = 3;
    private readonly ModelStore model = new();
    private readonly List<(IReadSnapshot Real, IReadSnapshot Model)> snapshots = [];
    private IShareStore store = open();
    private (IWriteTransaction Real, IWriteTransaction Model)? transaction;
    private (ISavepoint Real, ISavepoint Model)? savepoint;
    private int made;

    public void Do(StoreStep step)
    {
        switch (step.Act)
        {
            case StoreAct.Savepoint:
                BeginSavepoint();
                break;
            case StoreAct.KeepSavepoint:
                savepoint?.Real.Keep();
                savepoint?.Model.Keep();
                EndSavepoint();
                break;
            case StoreAct.DropSavepoint:
                EndSavepoint();
                if (transaction is { } dropped) Compare(dropped.Real, dropped.Model, step);
                break;
            case StoreAct.Commit:
                EndTransaction(step, commit: true);
                break;
            case StoreAct.Rollback:
                EndTransaction(step, commit: false);
                break;
            case StoreAct.Reopen:
                Close();
                store = open();
                CompareCommitted(step);
                break;
            case StoreAct.Checkpoint:
                store.Checkpoint();
                break;
            case StoreAct.OpenSnapshot:
                OpenSnapshot(step);
                break;
            case StoreAct.ReadSnapshot:
                if (snapshots.Count > 0) Compare(snapshots.At(step.A).Real, snapshots.At(step.A).Model, step);
                break;
            case StoreAct.CloseSnapshot:
                if (snapshots.Count > 0) CloseSnapshot(step.A % snapshots.Count);
                break;
            default:
                Write(step);
                break;
        }
    }

    public void Finish()
    {
        var last = new StoreStep(StoreAct.Commit, 0, 3, 9);
        EndTransaction(last, commit: true);
        foreach ((IReadSnapshot real, IReadSnapshot expected) in snapshots) Compare(real, expected, last);
        Close();
        store = open();
        CompareCommitted(last);
    }

    public void Dispose() => Close();

    private static void Compare(IReadSnapshot real, IReadSnapshot expected, StoreStep step) =>
        Assert.Equal(StoreView.Of(expected, step), StoreView.Of(real, step));

    private void CompareCommitted(StoreStep step)
    {
        using IReadSnapshot real = store.BeginRead();
        using IReadSnapshot expected = model.BeginRead();
        Compare(real, expected, step);
    }

    private void BeginTransaction() => transaction ??= (store.BeginWrite(), model.BeginWrite());

    private void EndTransaction(StoreStep step, bool commit)
    {
        EndSavepoint();
        if (transaction is not { } ending) return;
        Compare(ending.Real, ending.Model, step);
        if (commit)
        {
            ending.Real.Commit();
            ending.Model.Commit();
        }

        ending.Real.Dispose();
        ending.Model.Dispose();
        transaction = null;
        CompareCommitted(step);
    }

    private void BeginSavepoint()
    {
        BeginTransaction();
        savepoint ??= (transaction!.Value.Real.BeginSavepoint(), transaction.Value.Model.BeginSavepoint());
    }

    private void EndSavepoint()
    {
        savepoint?.Real.Dispose();
        savepoint?.Model.Dispose();
        savepoint = null;
    }

    /// <summary>Half of them are read at once; the others see what is committed when they are.</summary>
    private void OpenSnapshot(StoreStep step)
    {
        if (snapshots.Count == MostSnapshots) CloseSnapshot(0);
        snapshots.Add((store.BeginRead(), model.BeginRead()));
        if (step.A % 2 == 0) Compare(snapshots[^1].Real, snapshots[^1].Model, step);
    }

    private void CloseSnapshot(int index)
    {
        snapshots[index].Real.Dispose();
        snapshots.RemoveAt(index);
    }

    /// <summary>What is not committed is lost.</summary>
    private void Close()
    {
        EndSavepoint();
        transaction?.Real.Dispose();
        transaction = null;
        while (snapshots.Count > 0) CloseSnapshot(0);
        store.Dispose();
    }
}
