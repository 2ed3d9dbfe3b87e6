using Npgsql;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Access;
using ShareRpc.Server.Storage.Postgres;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Commit;

/// <summary>Counters of creators and of those below them are locked in one order, whatever is done where.</summary>
public sealed class RoomLockTests : IDisposable
{
    private const int Rounds = 25;
    private readonly CancellationTokenSource timeout = new(TimeSpan.FromSeconds(120));

    public void Dispose() => timeout.Dispose();

    [PostgresFact]
    public async Task Appends_creations_deletions_and_adoptions_below_nested_creators_deadlock_on_no_counter()
    {
        string database = await TestPostgres.NewDatabaseAsync();
        using (ServerRooms a = await ServerRooms.OpenAsync(shared: await PostgresShareStore.OpenAsync(database)))
        using (ServerRooms b = await ServerRooms.OpenAsync(
            shared: await PostgresShareStore.OpenAsync(database), other: a))
        {
            var room = new Caveats { MaxShares = 1_000, MaxBytes = 1 << 30, MaxOpsPerDay = 1_000_000 };
            ShareToken outer = await a.AttenuateAsync(a.Root, RightsNames.Creator, room);
            ShareToken inner = await a.AttenuateAsync(
                await a.RedeemAsync(outer, ofShare: false), RightsNames.Creator, room);
            await Task.WhenAll(
                    WorkAsync(a, outer, inner), WorkAsync(b, inner, outer), WorkAsync(a, inner, outer),
                    WorkAsync(b, outer, inner), AdoptAsync(a, inner))
                .WaitAsync(timeout.Token);
        }

        await using NpgsqlDataSource source = NpgsqlDataSource.Create(database);
        await using NpgsqlCommand count = source.CreateCommand(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
        Assert.Equal(0L, await count.ExecuteScalarAsync(timeout.Token));
    }

    /// <summary>Appends to shares of both creators at once, and makes and deletes others meanwhile.</summary>
    private static async Task WorkAsync(ServerRooms rooms, ShareToken first, ShareToken second)
    {
        Authority one = await rooms.RedeemAsync(first, ofShare: false);
        Authority two = await rooms.RedeemAsync(second, ofShare: false);
        Authority[] shares = [await rooms.CreateShareAsync(one), await rooms.CreateShareAsync(two)];
        for (int i = 0; i < Rounds; i++)
        {
            ShareToken token = ShareToken.New(RandomId.New());
            string id = RandomId.New();
            Task[] tasks =
            [
                .. shares.Select(share => AnsweredAsync(rooms.AppendAsync(share, ServerRooms.Put($"k{i}")))),
                rooms.Admin.CreateShareAsync(two, new CreateShareRequest
                {
                    ShareId = id, CapId = token.CapId, TokenDigest = token.Digest,
                }),
            ];
            await Task.WhenAll(tasks);
            await Task.WhenAll(
                AnsweredAsync(rooms.Admin.DeleteShareAsync(two, new DeleteShareRequest { ShareId = id })),
                AnsweredAsync(rooms.AppendAsync(shares[i % 2], ServerRooms.Put($"m{i}"))));
        }
    }

    /// <summary>A share that was adopted meanwhile is out of reach; anything else must succeed.</summary>
    private static async Task AnsweredAsync(Task call)
    {
        try
        {
            await call;
        }
        catch (ShareRpcException refusal) when (
            refusal.Code is ErrorCode.NotFound or ErrorCode.CapabilityRevoked)
        {
            // It was adopted.
        }
    }

    private static async Task AdoptAsync(ServerRooms rooms, ShareToken creator)
    {
        for (int i = 0; i < Rounds; i++)
            await rooms.Changes.AdoptSharesAsync(rooms.Root, new CapabilityRequest { CapId = creator.CapId });
    }
}
