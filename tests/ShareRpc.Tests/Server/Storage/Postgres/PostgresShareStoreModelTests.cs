using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Postgres;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Server.Storage.Model;
using Xunit.Abstractions;

namespace ShareRpc.Tests.Server.Storage.Postgres;

[NeedsPostgres]
public sealed class PostgresShareStoreModelTests(ITestOutputHelper output) : ShareStoreModelContract(output)
{
    private readonly Dictionary<string, string> databases = [];

    /// <summary>Few here, since each reads much; more in the deep suite.</summary>
    private protected override int Runs => 2;

    private protected override async ValueTask<IShareStore> OpenAsync(string directory)
    {
        if (!databases.TryGetValue(directory, out string? database))
            databases.Add(directory, database = await TestPostgres.NewDatabaseAsync());
        return await PostgresShareStore.OpenAsync(database);
    }
}
