using Microsoft.Data.Sqlite;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Maintenance;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite.Checking;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Maintenance;

/// <summary>The audit trail is a chain: retention removes whole segments of it, and anything else shows.</summary>
public sealed class AuditSealerTests
{
    [Theory]
    [InlineData("DELETE FROM audit WHERE position = 3", "entries 3 to 4 are not what was sealed")]
    [InlineData("UPDATE audit SET time_ms = time_ms + 1 WHERE position = 2", "entries 1 to 2 are not what was sealed")]
    [InlineData("UPDATE audit SET address = 'x' WHERE position = 6", "entries 5 to 6 are not what was sealed")]
    [InlineData("UPDATE audit SET position = 99 WHERE position = 4", "entries 3 to 4 are not what was sealed")]
    [InlineData("DELETE FROM audit_seal WHERE last = 4", "entries 5 to 6 are not what was sealed")]
    [InlineData("DELETE FROM audit WHERE position <= 2; DELETE FROM audit_seal WHERE last = 2",
        "entries 3 to 4 are not what was sealed")]
    [InlineData("DELETE FROM audit WHERE position > 4; DELETE FROM audit_seal WHERE last > 4",
        "entries 5 to 7 are missing at the end")]
    public async Task What_is_changed_or_removed_is_found(string damage, string says)
    {
        using ServerRooms rooms = await SealedAsync();
        Assert.Empty(Findings(rooms.Path));
        Execute(rooms, damage);
        Assert.Contains(says, Findings(rooms.Path));
    }

    [Theory]
    [InlineData(false, "entries 1 to 7 are not what was sealed")]
    [InlineData(true, "entries up to 2 were not removed by this server")]
    public async Task A_chain_that_was_computed_anew_without_the_key_of_the_server_is_found(bool removes, string says)
    {
        using ServerRooms rooms = await SealedAsync();
        var otherKeys = new AuditKeys([new byte[32]]);
        await using (IWriteTransaction transaction = await rooms.Store.BeginWriteAsync())
        {
            AuditSeal first = (await transaction.FindOldestSealAsync())!;
            if (removes) transaction.RemoveSegment(otherKeys.SignRemoval(first));
            await transaction.CommitAsync();
        }

        if (!removes)
        {
            Execute(rooms, "UPDATE audit SET address = 'x'; DELETE FROM audit_seal");
            await new AuditSealer(
                rooms.Store, rooms.Queue, new ServerOptions { DataDirectory = rooms.Path }, otherKeys, rooms.Clock)
                .SealAsync();
        }

        Assert.Equal(says, Findings(rooms.Path).First());
    }

    [Fact]
    public async Task Retention_removes_whole_old_segments_and_the_chain_stays_whole_in_a_backup_too()
    {
        using ServerRooms rooms = await SealedAsync();
        using var backups = new TemporaryDirectory();
        await rooms.Sealer.RemoveOldAsync();
        Assert.Equal(7, (await EntriesAsync(rooms)).Count);

        // Of the last four entries, the first two are a day younger than those before, and the others have no seal.
        rooms.Clock.Advance(new ServerOptions { DataDirectory = "" }.KeepAudit!.Value - TimeSpan.FromHours(1));
        await rooms.Sealer.RemoveOldAsync();
        Assert.Equal([5L, 6L, 7L], (await EntriesAsync(rooms)).Select(entry => entry.Position));
        Assert.Empty(Findings(rooms.Path));
        await rooms.Sealer.SealAsync();
        DataBackup.Run(rooms.Path, backups["copy"], null, CancellationToken.None);
        Assert.Empty(Findings(backups["copy"]));

        rooms.Clock.Advance(TimeSpan.FromDays(2));
        await rooms.Sealer.RemoveOldAsync();
        Assert.Empty(await EntriesAsync(rooms));
        await rooms.CreateShareAsync();
        await rooms.Sealer.SealAsync();
        Assert.Single(await EntriesAsync(rooms));
        Assert.Empty(Findings(rooms.Path));
    }

    /// <summary>Three segments of two entries, the last one a day younger, and an entry without a seal.</summary>
    private static async Task<ServerRooms> SealedAsync()
    {
        ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync(); // the root's entry, and its own
        await rooms.Sealer.SealAsync();
        for (int i = 0; i < 2; i++)
        {
            if (i == 1) rooms.Clock.Advance(TimeSpan.FromDays(1));
            await rooms.AttenuateAsync(owner, Rights.Read);
            await rooms.AttenuateAsync(owner, Rights.Read);
            await rooms.Sealer.SealAsync();
        }

        await rooms.AttenuateAsync(owner, Rights.Read);
        return rooms;
    }

    private static void Execute(ServerRooms rooms, string damage)
    {
        using var connection = new SqliteConnection(
            $"Data Source={Path.Combine(rooms.Path, "shares.db")};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = damage;
        command.ExecuteNonQuery();
    }

    private static async Task<IReadOnlyList<AuditEntry>> EntriesAsync(ServerRooms rooms) =>
        (await rooms.Lists.ListAuditAsync(rooms.Root, new AuditRequest())).Entries;

    private static IEnumerable<string> Findings(string directory) =>
        DataCheck.Run(directory, null, CancellationToken.None).Findings.Select(finding => finding.Message);
}
