using ShareRpc.Server.Storage.Postgres;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Search;

[NeedsPostgres]
public sealed class PostgresSearchIndexTests : SearchIndexContract, IAsyncLifetime
{
    private PostgresShareStore? store;

    public async Task InitializeAsync() =>
        store = await PostgresShareStore.OpenAsync(await TestPostgres.NewDatabaseAsync());

    public Task DisposeAsync() => Task.CompletedTask;

    protected override object OpenEmpty() => new PostgresSearchIndex(store!.Database);

    protected override void Close() => store?.Dispose();
}
