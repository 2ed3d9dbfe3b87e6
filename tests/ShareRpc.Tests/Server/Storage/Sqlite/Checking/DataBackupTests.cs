using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite.Checking;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Storage.Sqlite.Checking;

public sealed class DataBackupTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly TemporaryDirectory directory = new();

    private string Destination => directory["deep/backup"];

    [Fact]
    public async Task A_backup_of_a_running_server_is_sound_and_only_its_owner_may_read_it()
    {
        using CheckedDirectory source = await CheckedDirectory.MakeAsync();
        BackupReport report = Backup(source.Path);
        Assert.Equal((Destination, 1, 8), (report.Directory, report.Shares, report.Ops));
        Assert.Equal(new FileInfo(Path.Combine(Destination, "shares.db")).Length, report.Bytes);
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(Destination));
        string[] files = Directory.GetFiles(Destination, "*", SearchOption.AllDirectories);
        Assert.Equal(["backup.json", "root.token", "shares.db", "token.key"],
            files.Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(files, file => Assert.Equal(OwnerOnly, File.GetUnixFileMode(file)));
        Assert.Empty(DataCheck.Run(Destination, null, CancellationToken.None).Findings);
    }

    [Fact]
    public async Task A_backup_holds_what_is_only_in_the_log_of_the_database_yet()
    {
        using CheckedDirectory source = await CheckedDirectory.MakeAsync();
        Assert.True(new FileInfo(Path.Combine(source.Path, "shares.db-wal")).Length > 0);
        Assert.Equal(8, Backup(source.Path).Ops);
    }

    [Fact]
    public async Task A_backup_overwrites_nothing()
    {
        using CheckedDirectory source = await CheckedDirectory.MakeAsync();
        Directory.CreateDirectory(Destination);
        var refused = Assert.Throws<StorageException>(() => Backup(source.Path));
        Assert.Contains("overwrites nothing", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(Destination));
        Assert.Single(Directory.GetFileSystemEntries(directory["deep"]));
    }

    [Fact]
    public async Task A_backup_that_was_given_up_leaves_nothing()
    {
        using CheckedDirectory source = await CheckedDirectory.MakeAsync();
        using var given = new CancellationTokenSource();
        await given.CancelAsync();
        Assert.Throws<OperationCanceledException>(() => DataBackup.Run(source.Path, Destination, null, given.Token));
        Assert.Empty(Directory.GetFileSystemEntries(directory["deep"]));
    }

    [Fact]
    public async Task A_backup_without_the_key_file_is_refused_since_it_would_be_worth_nothing()
    {
        using CheckedDirectory source = await CheckedDirectory.MakeAsync();
        File.Delete(Path.Combine(source.Path, "keys", "token.key"));
        var refused = Assert.Throws<StorageException>(() => Backup(source.Path));
        Assert.Contains("token.key is missing", refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Destination));
    }

    public void Dispose() => directory.Dispose();

    private BackupReport Backup(string source) => DataBackup.Run(source, Destination, null, CancellationToken.None);
}
