using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Storage.Model;

/// <summary>
/// The model: a store without files, indexes or speed, in which every method is as obvious as it can be. A method that
/// the seam gains is written here too; then every store is held against it.
/// </summary>
internal sealed class ModelStore : IShareStore
{
    private ModelState committed = ModelState.Empty;

    public ValueTask<IWriteTransaction> BeginWriteAsync() =>
        new(new ModelTransaction(committed, state => committed = state));

    public ValueTask<IReadSnapshot> BeginReadAsync() => new(new Snapshot(this));

    public Task<bool> PurgeAsync() => Task.FromResult(true);

    public void Dispose()
    {
    }

    /// <summary>What was committed at its first read.</summary>
    private sealed class Snapshot(ModelStore store) : ModelReads
    {
        private ModelState? taken;

        protected override ModelState State => taken ??= store.committed;

        public override ValueTask DisposeAsync()
        {
            return default;
        }
    }
}
