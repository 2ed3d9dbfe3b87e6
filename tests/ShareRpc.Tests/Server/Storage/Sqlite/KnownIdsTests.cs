using Microsoft.Data.Sqlite;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Sqlite;

namespace ShareRpc.Tests.Server.Storage.Sqlite;

public sealed class KnownIdsTests
{
    private const int Shares = 6;
    private const int Ops = 4;

    [Fact]
    public async Task Invariant_I2_ids_that_are_dropped_from_memory_at_its_bound_are_known_all_the_same()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        var known = new List<(long Share, string Id)>();
        for (int share = 0; share < Shares; share++)
        {
            Authority owner = await rooms.CreateShareAsync();
            for (int i = 0; i < Ops; i++)
            {
                OpIntent op = ServerRooms.Put("a", opId: i % 2 == 0 ? OpId.New() : $"text-{i}");
                await rooms.AppendAsync(owner, op);
                known.Add((owner.Ref.ShareKey!.Value, op.OpId));
            }
        }

        string file = Directory.GetFiles(rooms.Path, "shares.db", SearchOption.AllDirectories).Single();
        using SqliteConnection connection = new SqliteFile(file).OpenForReading();
        using var statements = new Statements(connection);
        var ids = new KnownIds(statements, mostIds: 10); // a share has 2 UUIDs and 2 texts, which count three times
        for (int round = 0; round < 2; round++)
        {
            foreach ((long share, string id) in known)
            {
                Assert.Equal(id, Assert.Single(ids.Find(share, [id])!).Key);
                Assert.InRange(ids.Loaded, 1, 10);
            }
        }

        Assert.Null(ids.Find(known[0].Share, ["unknown"]));
    }
}
