using System.IO.Compression;
using Microsoft.Data.Sqlite;
using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Server.Storage.Sqlite.Checking;
using ShareRpc.Sqlite;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Protocol.Vectors;
using ShareRpc.Tests.Server;
using ShareRpc.Tests.Server.Storage.Sqlite.Checking;

namespace ShareRpc.Tests.MainJob;

/// <summary>
/// Files of a server and of an outbox as each release has left them, in tests/fixtures/releases/VERSION: this version
/// takes them in one step. SHARERPC_WRITE_FIXTURE=v1.2.3 makes those of a release (CONTRIBUTING.md).
/// </summary>
public sealed class ReleasedFilesTests : IDisposable
{
    private static readonly string Releases = RepositoryRoot.Path("tests", "fixtures", "releases");
    private readonly TemporaryDirectory directory = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(2)).Token;

    [Fact]
    public async Task Files_of_every_release_are_taken_over()
    {
        string today = directory["today"];
        await WriteAsync(today);
        if (Environment.GetEnvironmentVariable("SHARERPC_WRITE_FIXTURE") is { Length: > 0 } version)
            await WriteAsync(Path.Combine(Releases, version));
        string[] releases = Directory.Exists(Releases) ? Directory.GetDirectories(Releases) : [];
        foreach (string release in releases.Append(today)) await AssertTakenOverAsync(release);
    }

    public void Dispose() => directory.Dispose();

    private async Task AssertTakenOverAsync(string release)
    {
        string place = directory[$"of-{Path.GetFileName(release)}"];
        Directory.CreateDirectory(place);
        foreach (string file in Directory.GetFiles(release, "*.gz"))
        {
            await using var packed = new GZipStream(File.OpenRead(file), CompressionMode.Decompress);
            await using FileStream unpacked =
                File.Create(Path.Combine(place, Path.GetFileNameWithoutExtension(file)));
            await packed.CopyToAsync(unpacked, timeout);
        }

        string database = Path.Combine(place, "shares.db");
        long before = VersionOf(database);
        using (SqliteShareStore store = SqliteShareStore.Open(database, TimeProvider.System))
        {
            await using IReadSnapshot snapshot = await store.BeginReadAsync();
            Assert.Equal(8, await snapshot.ReadHeadAsync(1));
            Assert.NotEmpty(await snapshot.ReadDocsAsync(1, null, null, 10, 1_000_000));
        }

        // In one step, and with a copy beside it.
        Assert.Equal(SqliteShareStore.Schema.Newest, VersionOf(database));
        Assert.Equal(before < SqliteShareStore.Schema.Newest ? [$"{database}.schema{before}"] : [],
            Directory.GetFiles(place, "shares.db.schema*"));

        await using ShareClient client = await OpenOfflineAsync(place);
        ShareWriter share = Assert.Single(client.Shares);
        Assert.Equal((2L, "key"), (share.Status.Pending, share.ExternalKey));
    }

    private static long VersionOf(string database)
    {
        using SqliteConnection connection = new SqliteFile(database).OpenForReading();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        return (long)command.ExecuteScalar()!;
    }

    private async Task WriteAsync(string release)
    {
        using CheckedDirectory source = await CheckedDirectory.MakeAsync();
        string place = directory[$"made-{Path.GetFileName(release)}"];
        DataBackup.Run(source.Path, place, null, timeout);
        await using (ShareClient client = await OpenOfflineAsync(place))
        {
            ShareWriter share = await client.CreateShareAsync("key", "label", timeout);
            await share.EnqueueAsync([ServerRooms.Put("a", "{}", "a"), ServerRooms.Put("b", "{}", "b")],
                cancellationToken: timeout);
        }

        Directory.CreateDirectory(release);
        foreach (string name in (string[])["shares.db", "outbox.db"])
        {
            await using FileStream file = File.OpenRead(Path.Combine(place, name));
            await using var packed =
                new GZipStream(File.Create(Path.Combine(release, $"{name}.gz")), CompressionLevel.SmallestSize);
            await file.CopyToAsync(packed, timeout);
        }
    }

    private Task<ShareClient> OpenOfflineAsync(string place)
    {
        var options = new ShareClientOptions
        {
            Server = new Uri("http://127.0.0.1:9"), OutboxPath = Path.Combine(place, "outbox.db"),
            CredentialsPath = Path.Combine(place, "credentials.json"), CreatorCapId = new string('1', 22),
        };
        return ShareClient.OpenAsync(options, null, send: false, timeout);
    }
}
