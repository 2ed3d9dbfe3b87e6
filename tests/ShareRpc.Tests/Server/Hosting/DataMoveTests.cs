using Npgsql;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Hosting;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Postgres;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Server.Storage.Sqlite.Checking;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Hosting;

/// <summary>Data goes from one store to the other and back, and nothing of it is lost or served twice.</summary>
public sealed class DataMoveTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly CancellationTokenSource timeout = new(TimeSpan.FromSeconds(120));
    private ShareToken guest = null!;
    private ShareToken revoked = null!;
    private Authority owner = null!;

    private string Keys => directory["keys.txt"];

    private string Data => directory["data"];

    public void Dispose()
    {
        timeout.Dispose();
        directory.Dispose();
    }

    [PostgresFact]
    public async Task A_data_directory_goes_to_PostgreSQL_and_back_with_all_that_it_holds()
    {
        using ServerRooms sqlite = await ServerRooms.OpenAsync();
        string writer = await FillAsync(sqlite);
        StoppedCopyOf(sqlite);
        string database = await TestPostgres.NewEmptyDatabaseAsync();
        CheckReport moved = await DataMove.ToPostgresAsync(Data, database, Keys, null, timeout.Token);
        Assert.Equal((3L, 8L, 1L), (moved.Shares, moved.Ops, moved.Writers));
        ServerStartException left = Assert.Throws<ServerStartException>(() => DataDirectory.Open(Data).Dispose());
        Assert.Contains("was moved to PostgreSQL", left.Message, StringComparison.Ordinal);

        using (ServerRooms postgres = await ServerRooms.OpenAsync(
            shared: await PostgresShareStore.OpenAsync(database), other: sqlite))
        {
            Assert.Equal(await LogAsync(sqlite.Store), await LogAsync(postgres.Store));
            Assert.Equal(await DocumentsAsync(sqlite.Store), await DocumentsAsync(postgres.Store));
            Assert.Equal(ErrorCode.CapabilityRevoked, await CodeAsync(() => postgres.RedeemAsync(revoked)));

            // A resend has the answer of before, and the next seq goes on.
            Authority back = await postgres.RedeemAsync(guest);
            Ack again = await postgres.Log.AppendAsync(back, writer, BatchOf(1, "one", "not-an-op"));
            Assert.Equal(
                ("one", "not-an-op"), (Assert.Single(again.Duplicates).OpId, Assert.Single(again.Rejected).OpId));
            Assert.Equal(7, Assert.Single((await postgres.Log.AppendAsync(back, writer, BatchOf(3, "three"))).Applied)
                .Cursor);
            await postgres.CreateShareAsync(); // keys go on behind those that were given
            await postgres.Sealer.SealAsync();
        }

        string here = directory["here"];
        CheckReport back2 = await DataMove.ToDirectoryAsync(
            database, Keys, here, TimeProvider.System, null, timeout.Token);
        Assert.Equal((4L, 9L, 1L), (back2.Shares, back2.Ops, back2.Writers));
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(Data, "keys", "token.key"), timeout.Token),
            await File.ReadAllBytesAsync(Path.Combine(here, "keys", "token.key"), timeout.Token));
        using (SqliteShareStore store = SqliteShareStore.Open(Path.Combine(here, "shares.db"), TimeProvider.System))
        {
            Assert.Equal((await LogAsync(sqlite.Store)).Count + 1, (await LogAsync(store)).Count);
            await using IReadSnapshot snapshot = await store.BeginReadAsync();
            Assert.NotNull(await snapshot.FindRefAsync(guest.CapId));
        }

        await using (NpgsqlDataSource source = NpgsqlDataSource.Create(database))
        {
            ServerStartException gone = await Assert.ThrowsAsync<ServerStartException>(
                () => DataMove.DemandNotMovedAsync(source, timeout.Token));
            Assert.Contains("was moved to a data directory", gone.Message, StringComparison.Ordinal);
        }
    }

    [PostgresFact]
    public async Task A_backup_is_of_one_moment_while_nodes_write_and_what_it_is_put_into_is_suspended()
    {
        string database = await TestPostgres.NewDatabaseAsync();
        using ServerRooms rooms = await ServerRooms.OpenAsync(shared: await PostgresShareStore.OpenAsync(database));
        await FillAsync(rooms);
        KeyFile.Write(Keys, await File.ReadAllBytesAsync(Path.Combine(rooms.Path, "keys", "token.key"), timeout.Token));
        using var stop = new CancellationTokenSource();
        Task appending = Task.Run(async () =>
        {
            for (int i = 0; !stop.IsCancellationRequested; i++)
                await rooms.AppendAsync(owner, ServerRooms.Put($"more{i}"));
        });
        BackupReport backup = await DataMove.BackUpAsync(database, Keys, directory["backup"], timeout.Token);
        await stop.CancelAsync();
        await appending.WaitAsync(timeout.Token);
        CheckReport check = DataCheck.Run(directory["backup"], null, timeout.Token);
        Assert.Empty(check.Findings);
        Assert.Equal((backup.Shares + 1, backup.Ops), (check.Shares, check.Ops)); // one was deleted
        Assert.Throws<ServerStartException>(() => DataDirectory.Open(directory["backup"]).Dispose());

        string other = await TestPostgres.NewEmptyDatabaseAsync();
        await DataMove.ToPostgresAsync(directory["backup"], other, Keys, null, timeout.Token);
        using ServerRooms restored = await ServerRooms.OpenAsync(
            shared: await PostgresShareStore.OpenAsync(other), other: rooms);
        Assert.Equal(ErrorCode.CapabilitySuspended, await CodeAsync(() => restored.RedeemAsync(guest)));
        await PostgresRestore.AcceptOldAccessAsync(other, timeout.Token);
        await restored.RedeemAsync(guest);
    }

    [PostgresFact]
    public async Task Nothing_is_moved_over_data_under_a_node_or_to_other_keys()
    {
        string database = await TestPostgres.NewDatabaseAsync();
        using ServerRooms rooms = await ServerRooms.OpenAsync(shared: await PostgresShareStore.OpenAsync(database));
        using ServerRooms sqlite = await ServerRooms.OpenAsync();
        StoppedCopyOf(sqlite);
        string said = await SaidAsync(() => DataMove.ToPostgresAsync(Data, database, Keys, null, timeout.Token));
        Assert.Contains("holds data", said, StringComparison.Ordinal);

        KeyFile.Write(directory["other.txt"], new byte[32]);
        said = await SaidAsync(
            () => DataMove.ToPostgresAsync(Data, database, directory["other.txt"], null, timeout.Token));
        Assert.Contains("lacks the key", said, StringComparison.Ordinal);

        await using NpgsqlDataSource source = NpgsqlDataSource.Create(database);
        await using NpgsqlCommand join = source.CreateCommand(
            "INSERT INTO node (name, lease_ms, confirmed) VALUES ('n', 60000, pg_current_snapshot())");
        await join.ExecuteNonQueryAsync(timeout.Token);
        said = await SaidAsync(() => DataMove.ToDirectoryAsync(
            database, Keys, directory["here"], TimeProvider.System, null, timeout.Token));
        Assert.Contains("1 node(s) serve this database", said, StringComparison.Ordinal);
        Assert.False(Directory.Exists(directory["here"]));
    }

    /// <summary>Something of each table; returns the writer.</summary>
    private async Task<string> FillAsync(ServerRooms rooms)
    {
        string writer = RandomId.New();
        owner = await rooms.CreateShareAsync();
        guest = await rooms.AttenuateAsync(
            owner, Rights.Read | Rights.Append, new Caveats { AppendKinds = [Kinds.Part], MaxOpsPerDay = 100 });
        revoked = await rooms.AttenuateAsync(owner, Rights.Read);
        await rooms.Admin.RevokeAsync(owner, new RevokeCapabilityRequest { CapId = revoked.CapId });
        await rooms.AppendAsync(owner, ServerRooms.Put("text", """{"text":"a"}"""), new OpIntent
        {
            OpId = OpId.New(), Verb = Verbs.Append, Kind = Kinds.Part, Key = "text",
            Data = RawJson.Parse("""{"field":"text","text":"b"}"""),
        });
        await rooms.AppendAsync(
            owner, ServerRooms.Put("t", """{"state":"streaming"}""") with { Kind = Kinds.Turn },
            ServerRooms.Put("gone"));
        await rooms.Log.AppendAsync(await rooms.RedeemAsync(guest), writer, BatchOf(1, "one", "not-an-op"));
        await rooms.Folder.FoldShareAsync(owner.Ref.ShareKey!.Value);
        await rooms.AppendAsync(owner, new OpIntent
        {
            OpId = OpId.New(), Verb = Verbs.Remove, Kind = Kinds.Part, Key = "gone",
        });
        Authority ended = await rooms.CreateShareAsync();
        await rooms.AppendAsync(ended, ServerRooms.Put("a"), ServerRooms.Put("b"));
        await rooms.Admin.EndShareAsync(ended);
        Authority deleted = await rooms.CreateShareAsync();
        await rooms.Admin.DeleteShareAsync(rooms.Root, new DeleteShareRequest { ShareId = deleted.ShareId! });
        await rooms.Sealer.SealAsync();
        return writer;
    }

    /// <summary>Of these ids one is of a kind that the guest may not append.</summary>
    private static OpBatch BatchOf(long seq, params string[] ids) => new()
    {
        BatchId = "b",
        Ops =
        [
            .. ids.Select((id, i) => ServerRooms.Put(id, opId: id) with
            {
                Seq = seq + i, Kind = id == "not-an-op" ? Kinds.Session : Kinds.Part,
            }),
        ],
    };

    private void StoppedCopyOf(ServerRooms rooms)
    {
        DataBackup.Run(rooms.Path, Data, null, timeout.Token);
        File.Delete(Path.Combine(Data, "backup.json"));
    }

    private async Task<List<string>> LogAsync(IShareStore store)
    {
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        ShareRow? share = await snapshot.FindShareAsync(owner.ShareId!);
        return [.. (await snapshot.ReadOpsAsync(share!.Key, 0, 100, int.MaxValue)).Select(op =>
            $"{op.Cursor} {op.OpId} {op.Verb} {op.Kind} {op.Key} {op.Data} {op.WriterId} {op.Seq} {op.Actor} "
            + $"{op.TimeMs} {op.ContentClass}")];
    }

    private async Task<List<string>> DocumentsAsync(IShareStore store)
    {
        await using IReadSnapshot snapshot = await store.BeginReadAsync();
        ShareRow? share = await snapshot.FindShareAsync(owner.ShareId!);
        return [.. (await snapshot.ReadDocsAsync(share!.Key, null, null, 100, int.MaxValue)).Select(doc =>
            $"{doc.Kind} {doc.Key} {doc.Cursor} {doc.Data}")];
    }

    private static async Task<ErrorCode?> CodeAsync(Func<Task> call) =>
        (await Record.ExceptionAsync(call) as ShareRpcException)?.Code;

    private static async Task<string> SaidAsync(Func<Task> call) => (await Record.ExceptionAsync(call))!.Message;
}
