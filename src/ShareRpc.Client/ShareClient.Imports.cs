using ShareRpc.Client.Writing;

namespace ShareRpc.Client;

/// <summary>The memory of sources that are read once.</summary>
public sealed partial class ShareClient
{
    /// <summary>Returns the state of a source's import on this server; null if it was never begun.</summary>
    public Task<ImportState?> FindImportAsync(string path, CancellationToken cancellationToken = default) =>
        Task.Run(() => outbox.FindImport(path), cancellationToken);

    /// <summary>
    /// Returns a finished import of the same content on this server, whatever its path; null when there is none.
    /// </summary>
    public Task<ImportState?> FindFinishedImportAsync(string contentHash,
        CancellationToken cancellationToken = default) =>
        Task.Run(() => outbox.FindFinishedImport(contentHash), cancellationToken);

    /// <summary>Adds or replaces what is known of a source; on disk when it returns.</summary>
    public Task StoreImportAsync(ImportState state, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(state);
        return Task.Run(() => outbox.StoreImport(state), cancellationToken);
    }
}
