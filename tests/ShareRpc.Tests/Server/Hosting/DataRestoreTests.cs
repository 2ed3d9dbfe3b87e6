using System.Text;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Server.Storage.Sqlite.Checking;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Hosting;

/// <summary>A restore cannot bring access back (I7), and replaces nothing before the backup was verified.</summary>
public sealed class DataRestoreTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private LiveServer live = null!;
    private ShareToken creator = null!;
    private ShareToken owner = null!;
    private ShareToken viewer = null!;
    private string shareId = "";

    private string Backup => directory["backup"];

    private string RevokedLogPath => Path.Combine(live.DataDirectory, RevokedLog.FileName);

    public async Task InitializeAsync()
    {
        live = await LiveServer.StartAsync();
        creator = ShareToken.New(RandomId.New());
        owner = ShareToken.New(RandomId.New());
        viewer = ShareToken.New(RandomId.New());
        shareId = RandomId.New();
        await using AdminClient root = await OpenAsync(live.RootToken);
        await root.AttenuateAsync(new AttenuateRequest
        {
            CapId = creator.CapId, TokenDigest = creator.Digest, Rights = RightsNames.Creator.ToNames(),
        });
        await using AdminClient maker = await OpenAsync(creator);
        await maker.CreateShareAsync(new CreateShareRequest
        {
            ShareId = shareId, CapId = owner.CapId, TokenDigest = owner.Digest,
        });
        await using AdminClient share = await OpenShareAsync(owner);
        await share.AttenuateAsync(new AttenuateRequest
        {
            CapId = viewer.CapId, TokenDigest = viewer.Digest, Rights = ["read"],
        });
        DataBackup.Run(live.DataDirectory, Backup, null, live.Timeout);
    }

    [Fact]
    public async Task What_was_revoked_after_the_backup_stays_revoked()
    {
        await using (AdminClient share = await OpenShareAsync(owner)) await share.RevokeCapabilityAsync(viewer.CapId);
        RestoreReport report = await RestoreAsync();
        Assert.Equal((1, 0), (report.Applied, report.Suspended));
        await AssertRefusedAsync(viewer, ErrorCode.CapabilityRevoked);
        await using AdminClient again = await OpenShareAsync(owner);
    }

    [Fact]
    public async Task A_rotation_after_the_backup_leaves_the_new_token_good_and_the_old_one_dead()
    {
        ShareToken next = ShareToken.New(viewer.CapId);
        await using (AdminClient share = await OpenShareAsync(owner))
        {
            await share.RotateCapabilityAsync(
                new RotateCapabilityRequest { CapId = viewer.CapId, TokenDigest = next.Digest });
        }

        await RestoreAsync();
        await AssertRefusedAsync(viewer, ErrorCode.CapabilityRevoked);
        await using AdminClient good = await OpenShareAsync(next);
    }

    [Fact]
    public async Task The_last_word_on_a_suspension_after_the_backup_counts()
    {
        await using (AdminClient share = await OpenShareAsync(owner))
        {
            await share.SuspendCapabilityAsync(viewer.CapId);
            await share.ResumeCapabilityAsync(viewer.CapId);
            await share.SuspendCapabilityAsync(viewer.CapId);
        }

        Assert.Equal(3, (await RestoreAsync()).Applied);
        await AssertRefusedAsync(viewer, ErrorCode.CapabilitySuspended);
        await using AdminClient owning = await OpenShareAsync(owner);
        await owning.ResumeCapabilityAsync(viewer.CapId);
        await using AdminClient good = await OpenShareAsync(viewer);
    }

    [Fact]
    public async Task A_share_that_was_deleted_after_the_backup_is_deleted_and_erased_again()
    {
        await using (AdminClient root = await OpenAsync(live.RootToken)) await root.DeleteShareAsync(shareId);
        await RestoreAsync();
        await AssertRefusedAsync(owner, ErrorCode.ShareDeleted);
    }

    [Fact]
    public async Task A_share_that_ended_after_the_backup_takes_no_ops()
    {
        await using (AdminClient share = await OpenShareAsync(owner)) await share.EndShareAsync();
        await RestoreAsync();
        await using AdminClient again = await OpenShareAsync(owner);
        ShareRpcException refused = await Assert.ThrowsAsync<ShareRpcException>(
            () => again.AppendAsync(Batch("b", "late")));
        Assert.Equal(ErrorCode.ShareEnded, refused.Code);
    }

    [Fact]
    public async Task Shares_that_were_adopted_after_the_backup_outlive_their_creator_and_its_tokens_do_not()
    {
        await using (AdminClient root = await OpenAsync(live.RootToken))
        {
            await root.AdoptSharesAsync(creator.CapId);
            await root.RevokeCapabilityAsync(creator.CapId);
        }

        await RestoreAsync();
        await AssertRefusedAsync(owner, ErrorCode.CapabilityRevoked);
        await using AdminClient good = await OpenShareAsync(viewer);
    }

    [Fact]
    public async Task An_id_that_was_revoked_and_is_unknown_to_the_backup_cannot_be_made_again()
    {
        ShareToken later = ShareToken.New(RandomId.New());
        var made = new AttenuateRequest { CapId = later.CapId, TokenDigest = later.Digest, Rights = ["read"] };
        await using (AdminClient share = await OpenShareAsync(owner))
        {
            await share.AttenuateAsync(made);
            await share.RevokeCapabilityAsync(later.CapId);
        }

        await RestoreAsync();
        await using AdminClient again = await OpenShareAsync(owner);
        ShareRpcException refused = await Assert.ThrowsAsync<ShareRpcException>(() => again.AttenuateAsync(made));
        Assert.Equal(ErrorCode.IdTaken, refused.Code);
        await live.Server.StopAsync();
        Assert.Empty(DataCheck.Run(live.DataDirectory, null, live.Timeout).Findings);
    }

    [Fact]
    public async Task Without_the_log_all_but_the_root_are_suspended_until_old_access_is_accepted()
    {
        await live.Server.StopAsync();
        File.Delete(RevokedLogPath);
        Assert.Equal(1, (await RestoreAsync()).Suspended);
        await AssertRefusedAsync(viewer, ErrorCode.CapabilitySuspended);
        await AssertRefusedAsync(owner, ErrorCode.CapabilitySuspended);
        await (await OpenAsync(live.RootToken)).DisposeAsync();

        // Restoring once more changes nothing about that: what the file says begins after the backup.
        Assert.Equal(1, (await RestoreAsync()).Suspended);
        await live.Server.StopAsync();
        Assert.Equal(1, await DataRestore.AcceptOldAccessAsync(live.DataDirectory, TimeProvider.System));
        Assert.Equal(0, await DataRestore.AcceptOldAccessAsync(live.DataDirectory, TimeProvider.System));
        await live.StartAgainAsync();
        await using AdminClient good = await OpenShareAsync(viewer);
    }

    [Fact]
    public async Task A_backup_that_was_made_after_such_a_restore_needs_no_such_word()
    {
        await live.Server.StopAsync();
        File.Delete(RevokedLogPath);
        await RestoreAsync(acceptsOldAccess: true);
        await (await OpenShareAsync(viewer)).DisposeAsync();
        string second = directory["second"];
        DataBackup.Run(live.DataDirectory, second, null, live.Timeout);
        Assert.Equal(0, (await RestoreAsync(second)).Suspended);
        await using AdminClient good = await OpenShareAsync(viewer);
    }

    [Fact]
    public async Task Each_restore_gives_another_generation()
    {
        RestoreReport first = await RestoreAsync();
        RestoreReport second = await RestoreAsync();
        Assert.InRange(first.Generation, 1, second.Generation - 1);
    }

    [Fact]
    public async Task A_damaged_backup_replaces_nothing()
    {
        string database = Path.Combine(Backup, "shares.db");
        byte[] bytes = await File.ReadAllBytesAsync(database);
        bytes.AsSpan(bytes.AsSpan().LastIndexOf("create_root"u8) / 4096 * 4096, 4096).Fill(0xEE);
        await File.WriteAllBytesAsync(database, bytes);
        await live.Server.StopAsync();
        byte[] before = await File.ReadAllBytesAsync(Path.Combine(live.DataDirectory, "shares.db"));

        var refused = await Assert.ThrowsAsync<ServerStartException>(() => RestoreAsync());
        Assert.Contains("nothing was changed", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(Path.Combine(live.DataDirectory, "shares.db")));
    }

    [Fact]
    public async Task A_restore_beside_a_running_server_is_refused()
    {
        var refused = await Assert.ThrowsAsync<ServerStartException>(() => DataRestore.RunAsync(
            Backup, live.DataDirectory, false, TimeProvider.System, null, live.Timeout));
        Assert.Contains("Another server is running", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_directory_of_another_server_is_not_replaced()
    {
        await using LiveServer other = await LiveServer.StartAsync();
        await other.Server.StopAsync();
        var refused = await Assert.ThrowsAsync<ServerStartException>(() => DataRestore.RunAsync(
            Backup, other.DataDirectory, false, TimeProvider.System, null, live.Timeout));
        Assert.Contains("another server", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_served_from_a_backup_or_in_the_middle_of_a_restore()
    {
        var options = new ServerOptions { DataDirectory = Backup, Urls = "http://127.0.0.1:0" };
        var refused = await Assert.ThrowsAsync<ServerStartException>(() => ShareRpcServer.StartAsync(options));
        Assert.Contains("sharerpc restore", refused.Message, StringComparison.Ordinal);

        await live.Server.StopAsync();
        await File.WriteAllTextAsync(Path.Combine(live.DataDirectory, "restore.pending"), "");
        refused = await Assert.ThrowsAsync<ServerStartException>(() => live.StartAgainAsync());
        Assert.Contains("sharerpc restore again", refused.Message, StringComparison.Ordinal);
        await RestoreAsync();
        await using AdminClient good = await OpenShareAsync(viewer);
    }

    [Fact]
    public async Task The_replaced_files_are_kept()
    {
        RestoreReport report = await RestoreAsync();
        Assert.NotNull(report.ReplacedDirectory);
        Assert.True(File.Exists(Path.Combine(report.ReplacedDirectory, "shares.db")));
        Assert.DoesNotContain(Directory.GetDirectories(live.DataDirectory), path => path.Contains("restoring"));
    }

    [Fact]
    public async Task A_line_that_a_crash_cut_off_was_never_answered_and_is_dropped()
    {
        await live.Server.StopAsync();
        string whole = await File.ReadAllTextAsync(RevokedLogPath);
        await File.AppendAllTextAsync(RevokedLogPath, """{"number":1,"action":"revo""");
        await live.StartAgainAsync();
        Assert.Equal(whole, await File.ReadAllTextAsync(RevokedLogPath));
    }

    [Fact]
    public async Task A_line_that_the_database_has_not_is_applied_when_the_server_starts()
    {
        await live.Server.StopAsync();
        await File.AppendAllTextAsync(RevokedLogPath,
            $$"""{"number":1,"action":"revoke","cap_id":"{{viewer.CapId}}","epoch":2,"time_ms":1}""" + "\n");
        await live.StartAgainAsync();
        await AssertRefusedAsync(viewer, ErrorCode.CapabilityRevoked);
    }

    [Fact]
    public async Task The_log_holds_no_token_and_only_its_owner_may_read_it()
    {
        await using (AdminClient share = await OpenShareAsync(owner))
        {
            await share.RotateCapabilityAsync(
                new RotateCapabilityRequest { CapId = viewer.CapId, TokenDigest = owner.Digest });
        }

        string content = await File.ReadAllTextAsync(RevokedLogPath, Encoding.UTF8);
        Assert.Contains("\"rotate\"", content, StringComparison.Ordinal);
        Assert.DoesNotContain(owner.Digest, content, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(RevokedLogPath));
    }

    public async Task DisposeAsync() => await live.DisposeAsync();

    public void Dispose() => directory.Dispose();

    private async Task<RestoreReport> RestoreAsync(string? backup = null, bool acceptsOldAccess = false)
    {
        await live.Server.StopAsync();
        RestoreReport report = await DataRestore.RunAsync(
            backup ?? Backup, live.DataDirectory, acceptsOldAccess, TimeProvider.System, null, live.Timeout);
        await live.StartAgainAsync();
        return report;
    }

    private Task<AdminClient> OpenAsync(ShareToken token) =>
        AdminClient.OpenRootAsync(live.Server.Address, token, live.Timeout);

    private Task<AdminClient> OpenShareAsync(ShareToken token) =>
        AdminClient.OpenShareAsync(new ShareLink(live.Server.Address, shareId, token), live.Timeout);

    private static OpBatch Batch(string batchId, string key) => new()
    {
        BatchId = batchId,
        Ops =
        [
            new OpIntent
            {
                OpId = batchId + key, Verb = Verbs.Put, Kind = Kinds.Part, Key = key, Data = RawJson.Parse("{}"),
            },
        ],
    };

    private async Task AssertRefusedAsync(ShareToken token, ErrorCode code)
    {
        ShareRpcException refused = await Assert.ThrowsAsync<ShareRpcException>(() => OpenShareAsync(token));
        Assert.Equal(code, refused.Code);
    }
}
