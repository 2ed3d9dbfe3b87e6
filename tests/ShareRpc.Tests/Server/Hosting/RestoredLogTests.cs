using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Server.Storage.Sqlite.Checking;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Hosting;

/// <summary>A <c>revoked.log</c> that lacks something, or is of another history, does not count (I7).</summary>
public sealed class RestoredLogTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private LiveServer live = null!;

    private string First => directory["first"];

    private string Copy => directory["copy"];

    private string LogPath => Path.Combine(live.DataDirectory, RevokedLog.FileName);

    public async Task InitializeAsync()
    {
        live = await LiveServer.StartAsync();
        await AddAsync(); // for a restore to suspend
        DataBackup.Run(live.DataDirectory, First, null, live.Timeout);
    }

    [Fact]
    public async Task A_copy_that_ends_before_the_backup_does_not_count()
    {
        await RevokeAsync(await AddAsync());
        File.Copy(LogPath, Copy);
        await RevokeAsync(await AddAsync());
        string second = Backup("second");
        await live.Server.StopAsync();
        File.Copy(Copy, LogPath, overwrite: true);
        Assert.Equal(1, (await RestoreAsync(second)).Suspended);
    }

    [Fact]
    public async Task Beside_a_copy_that_ends_before_the_database_another_log_is_begun()
    {
        await RevokeAsync(await AddAsync());
        File.Copy(LogPath, Copy);
        ShareToken lost = await AddAsync();
        string second = Backup("second");
        await RevokeAsync(lost);
        await live.Server.StopAsync();
        File.Copy(Copy, LogPath, overwrite: true);
        await live.StartAgainAsync();
        string put = Assert.Single(Directory.GetFiles(live.DataDirectory, RevokedLog.FileName + ".*-*"));
        Assert.Equal(await File.ReadAllTextAsync(Copy), await File.ReadAllTextAsync(put));

        Assert.Equal(2, (await RestoreAsync(second)).Suspended);
        await AssertRefusedAsync(lost, ErrorCode.CapabilitySuspended);
    }

    [Fact]
    public async Task A_restore_that_fails_leaves_the_log_as_it_was()
    {
        await RevokeAsync(await AddAsync());
        await live.Server.StopAsync();
        File.Move(LogPath, Copy);
        string inTheWay = Path.Combine(live.DataDirectory, "restore.pending");
        Directory.CreateDirectory(inTheWay);
        await Assert.ThrowsAnyAsync<Exception>(() => RestoreAsync(First));
        Assert.False(File.Exists(LogPath));

        Directory.Delete(inTheWay);
        File.Move(Copy, LogPath);
        RestoreReport report = await RestoreAsync(First);
        Assert.Equal((1, 0), (report.Applied, report.Suspended));
    }

    [Fact]
    public async Task A_log_with_a_hole_is_damaged()
    {
        for (int i = 0; i < 3; i++) await RevokeAsync(await AddAsync());
        await live.Server.StopAsync();
        string[] lines = await File.ReadAllLinesAsync(LogPath);
        await File.WriteAllLinesAsync(LogPath, lines.Where((_, at) => at != 2));
        ServerStartException refused = await Assert.ThrowsAsync<ServerStartException>(() => RestoreAsync(First));
        Assert.Contains("revoked.log is damaged", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_time_revoked_that_a_restore_undid_counts_for_nothing_of_the_next_and_the_other_way_round()
    {
        ShareToken guest = await AddAsync();
        string second = Backup("second");
        await RevokeAsync(await AddAsync());
        string lost = Backup("lost");
        await live.Server.StopAsync();
        File.Delete(LogPath);
        await RestoreAsync(second, acceptsOldAccess: true);
        await RevokeAsync(guest); // has the number of the other one

        Assert.Equal(1, (await RestoreAsync(lost)).Suspended);
        await AssertRefusedAsync(guest, ErrorCode.CapabilityRevoked);
        Assert.Equal(1, (await RestoreAsync(First)).Suspended);
        await RestoreAsync(second, acceptsOldAccess: true);
        await AssertRefusedAsync(guest, ErrorCode.CapabilityRevoked);
    }

    [Fact]
    public async Task What_is_suspended_on_its_own_after_such_a_restore_stays_so_when_old_access_is_accepted()
    {
        ShareToken bad = await AddAsync();
        ShareToken good = await AddAsync();
        string second = Backup("second");
        await live.Server.StopAsync();
        File.Delete(LogPath);
        Assert.Equal(3, (await RestoreAsync(second)).Suspended);
        await using (AdminClient root = await OpenAsync(live.RootToken))
        {
            await root.SuspendCapabilityAsync(bad.CapId);
            await root.SuspendCapabilityAsync(bad.CapId);
            Assert.Single((await root.ListAuditAsync(new AuditRequest())).Entries, entry => entry.Action == "suspend");
        }

        await live.Server.StopAsync();
        Assert.Equal(2, await DataRestore.AcceptOldAccessAsync(live.DataDirectory, TimeProvider.System));
        await live.StartAgainAsync();
        await (await OpenAsync(good)).DisposeAsync();
        await AssertRefusedAsync(bad, ErrorCode.CapabilitySuspended);
    }

    [Fact]
    public async Task An_adoption_that_is_applied_again_gives_the_creator_its_room_back()
    {
        ShareToken creator = await AddAsync(new Caveats { MaxShares = 1 });
        await CreateShareAsync();
        string second = Backup("second");
        await using (AdminClient root = await OpenAsync(live.RootToken)) await root.AdoptSharesAsync(creator.CapId);
        Assert.Equal(1, (await RestoreAsync(second)).Applied);
        await CreateShareAsync();
        Assert.Equal(ErrorCode.QuotaExceeded,
            (await Assert.ThrowsAsync<ShareRpcException>(CreateShareAsync)).Code);

        async Task CreateShareAsync()
        {
            ShareToken owner = ShareToken.New(RandomId.New());
            await using AdminClient maker = await OpenAsync(creator);
            await maker.CreateShareAsync(new CreateShareRequest
            {
                ShareId = RandomId.New(), CapId = owner.CapId, TokenDigest = owner.Digest,
            });
        }
    }

    [Fact]
    public async Task The_log_of_another_server_does_not_count()
    {
        await using LiveServer other = await LiveServer.StartAsync();
        await other.Server.StopAsync();
        await live.Server.StopAsync();
        File.Copy(Path.Combine(other.DataDirectory, RevokedLog.FileName), LogPath, overwrite: true);
        Assert.Equal(1, (await RestoreAsync(First)).Suspended);
    }

    public async Task DisposeAsync() => await live.DisposeAsync();

    public void Dispose() => directory.Dispose();

    private string Backup(string name)
    {
        DataBackup.Run(live.DataDirectory, directory[name], null, live.Timeout);
        return directory[name];
    }

    private async Task<RestoreReport> RestoreAsync(string backup, bool acceptsOldAccess = false)
    {
        await live.Server.StopAsync();
        RestoreReport report = await DataRestore.RunAsync(
            backup, live.DataDirectory, acceptsOldAccess, TimeProvider.System, null, live.Timeout);
        await live.StartAgainAsync();
        return report;
    }

    private async Task<ShareToken> AddAsync(Caveats? caveats = null)
    {
        ShareToken token = ShareToken.New(RandomId.New());
        await using AdminClient root = await OpenAsync(live.RootToken);
        await root.AttenuateAsync(new AttenuateRequest
        {
            CapId = token.CapId, TokenDigest = token.Digest, Rights = RightsNames.Creator.ToNames(),
            Caveats = caveats,
        });
        return token;
    }

    private async Task RevokeAsync(ShareToken token)
    {
        await using AdminClient root = await OpenAsync(live.RootToken);
        await root.RevokeCapabilityAsync(token.CapId);
    }

    private Task<AdminClient> OpenAsync(ShareToken token) =>
        AdminClient.OpenRootAsync(live.Server.Address, token, live.Timeout);

    private async Task AssertRefusedAsync(ShareToken token, ErrorCode code)
    {
        ShareRpcException refused = await Assert.ThrowsAsync<ShareRpcException>(() => OpenAsync(token));
        Assert.Equal(code, refused.Code);
    }
}
