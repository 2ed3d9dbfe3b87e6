using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Storage;

/// <summary>Opens an empty store for each test of a contract.</summary>
public abstract class StoreContract : IDisposable
{
    private readonly Lazy<IShareStore> store;

    protected StoreContract()
    {
        store = new Lazy<IShareStore>(() => (IShareStore)OpenEmpty());
    }

    private protected IShareStore Store => store.Value;

    public void Dispose()
    {
        if (store.IsValueCreated) store.Value.Dispose();
        Close();
        GC.SuppressFinalize(this);
    }

    /// <summary>An <see cref="IShareStore"/>, which is internal and cannot be named in a public signature.</summary>
    protected abstract object OpenEmpty();

    protected abstract void Close();
}
