using ShareRpc.Server.Storage.Postgres;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Storage.Postgres;

[NeedsPostgres]
public sealed class PostgresShareStoreTests : ShareStoreContract, IAsyncLifetime
{
    private PostgresShareStore? store;

    public async Task InitializeAsync() =>
        store = await PostgresShareStore.OpenAsync(await TestPostgres.NewDatabaseAsync());

    public Task DisposeAsync() => Task.CompletedTask;

    protected override object OpenEmpty() => store!;

    protected override void Close()
    {
    }
}
