using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Access;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Postgres;
using ShareRpc.Protocol.Messages;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Storage.Postgres;

/// <summary>What follows when an operator has put a database back (I7, I12).</summary>
public sealed class PostgresRestoreTests
{
    [PostgresFact]
    public async Task A_database_that_was_put_back_has_another_generation_and_only_its_root_is_good()
    {
        string connection = await TestPostgres.NewDatabaseAsync();
        using PostgresShareStore store = await PostgresShareStore.OpenAsync(connection);
        using ServerRooms rooms = await ServerRooms.OpenAsync(shared: store);
        Authority share = await rooms.CreateShareAsync();
        ShareToken guest = await rooms.AttenuateAsync(share, Rights.Read);
        Assert.Equal(0, await store.ReadGenerationAsync());

        RestoreReport report = await PostgresRestore.RunAsync(connection, CancellationToken.None);
        Assert.Equal((1, 1), (report.Suspended, report.Shares));
        Assert.Equal(report.Generation, await store.ReadGenerationAsync());
        ShareRpcException refused = await Assert.ThrowsAsync<ShareRpcException>(() => rooms.RedeemAsync(guest));
        Assert.Equal(ErrorCode.CapabilitySuspended, refused.Code);
        await rooms.RedeemAsync(rooms.RootToken, ofShare: false);

        // One that is suspended on its own stays so.
        await rooms.Changes.SuspendAsync(rooms.Root, new CapabilityRequest { CapId = share.Ref.CapId });
        Assert.Equal(0, await PostgresRestore.AcceptOldAccessAsync(connection, CancellationToken.None));
        await rooms.Changes.ResumeAsync(rooms.Root, new CapabilityRequest { CapId = share.Ref.CapId });

        RestoreReport again = await PostgresRestore.RunAsync(connection, CancellationToken.None);
        Assert.InRange(again.Generation, report.Generation + 1, long.MaxValue);
        Assert.Equal(1, await PostgresRestore.AcceptOldAccessAsync(connection, CancellationToken.None)
            + await PostgresRestore.AcceptOldAccessAsync(connection, CancellationToken.None));
        await rooms.RedeemAsync(guest);
    }
}
