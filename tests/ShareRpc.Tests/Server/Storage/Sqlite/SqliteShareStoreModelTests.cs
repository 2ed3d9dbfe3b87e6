using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Server.Storage.Model;
using Xunit.Abstractions;

namespace ShareRpc.Tests.Server.Storage.Sqlite;

public sealed class SqliteShareStoreModelTests(ITestOutputHelper output) : ShareStoreModelContract(output)
{
    private readonly ManualTimeProvider clock = new();

    private protected override ValueTask<IShareStore> OpenAsync(string directory) =>
        new(SqliteShareStore.Open(Path.Combine(directory, "shares.db"), clock));

    private protected override void Maintain(IShareStore store) => ((SqliteShareStore)store).Log.Copy();
}
