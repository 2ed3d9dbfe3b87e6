using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Hosting;

/// <summary>Where a server's keys are, and its data: a directory that it holds, or a key file and a database.</summary>
internal sealed class StorePlace : IDisposable
{
    public StorePlace(ServerOptions options)
    {
        if (options.KeyFile is null) Directory = DataDirectory.Open(options.DataDirectory);
    }

    /// <summary>Gets the directory; null with a key file.</summary>
    public DataDirectory? Directory { get; }

    public T Open<T>(Func<T> open)
    {
        try
        {
            return open();
        }
        catch (Exception exception) when (Explain(exception) is { } explained)
        {
            throw explained;
        }
    }

    public ServerStartException? Explain(Exception exception) => Directory is { } directory
        ? directory.Explain(exception)
        : exception is StorageException failure ? new ServerStartException(failure.Message) : null;

    public void Dispose() => Directory?.Dispose();
}
