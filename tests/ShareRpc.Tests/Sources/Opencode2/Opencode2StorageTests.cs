using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.Opencode;
using ShareRpc.Sources.Opencode2;
using ShareRpc.Tests.Sources.Opencode;

namespace ShareRpc.Tests.Sources.Opencode2;

/// <summary>Which tables a file may hold, and whose sessions are listed.</summary>
public sealed class Opencode2StorageTests : IDisposable
{
    private readonly Opencode2Files files = new();
    private readonly CancellationTokenSource ending = new(TimeSpan.FromMinutes(3));

    public void Dispose()
    {
        ending.Dispose();
        files.Dispose();
    }

    [Theory]
    [InlineData("CREATE TABLE session_v3 (id)", "session_v3")]
    [InlineData("CREATE TABLE session_v2 (id); CREATE TABLE conversation (id)", "conversation, session_v2")]
    [InlineData("CREATE TABLE session_v2 (id); CREATE TABLE session_message (id)", "session_v2 without parent_id")]
    [InlineData("CREATE TABLE chats (id)", "chats")]
    [InlineData("CREATE TABLE session (id); CREATE TABLE message (id); CREATE TABLE part (id); "
        + "CREATE TABLE session_message (id); INSERT INTO session_message VALUES (1)",
        "message, part, session, session_message")]
    public void Tables_of_an_unknown_generation_are_an_error_that_names_them(string sql, string named)
    {
        files.Sql(sql);
        string said = Assert.Throws<UnknownStorageException>(() => new Opencode2Storage(files.Path).Sessions()).Message;
        Assert.Contains(named, said);
        Assert.Throws<UnknownStorageException>(() => new Opencode2Storage(files.Path).OlderSessions());
    }

    [Fact]
    public void A_later_generation_beside_the_known_ones_is_refused_too()
    {
        files.Sql(Opencode2Files.Tables + "CREATE TABLE session_v3 (id)");
        files.Session("ses_1");
        Assert.Throws<UnknownStorageException>(() => new Opencode2Storage(files.Path).Sessions());
    }

    [Fact]
    public void A_file_of_one_generation_lists_that_and_an_empty_file_nothing()
    {
        var storage = new Opencode2Storage(files.Path);
        Assert.Empty(storage.Sessions());
        files.Sql("PRAGMA user_version = 1");
        Assert.Empty(storage.Sessions());
        files.Sql(OpencodeFiles.SampleSql());
        Assert.Empty(storage.Sessions());
        Assert.Equal(OpencodeFiles.SampleSession, Assert.Single(storage.OlderSessions()).Id);
    }

    [Fact]
    public void On_read_only_media_without_a_log_version_1_is_read_and_version_2_refused()
    {
        files.Sql(OpencodeFiles.SampleSql());
        files.Sql("PRAGMA journal_mode=WAL");
        Directory.CreateDirectory(files.Path + "-wal"); // SQLite can make no file there, as on a read-only mount
        var storage = new Opencode2Storage(files.Path);
        Assert.True(storage.HasOlder);
        Assert.Equal(OpencodeFiles.SampleSession, Assert.Single(storage.OlderSessions()).Id);
        Directory.Delete(files.Path + "-wal");
        files.Sql(Opencode2Files.Tables);
        Directory.CreateDirectory(files.Path + "-wal");
        Assert.Contains("mounted whole", Assert.Throws<OpencodeException>(() => storage.Sessions()).Message);
        Directory.Delete(files.Path + "-wal");
    }

    [Fact]
    public void Of_a_session_that_both_generations_hold_the_second_wins()
    {
        files.Sql(OpencodeFiles.SampleSql());
        files.Sql(Opencode2Files.Tables);
        files.Session("ses_new", title: "New");
        var storage = new Opencode2Storage(files.Path);
        Assert.Equal("ses_new", Assert.Single(storage.Sessions()).Id);
        Assert.Equal(OpencodeFiles.SampleSession, Assert.Single(storage.OlderSessions()).Id);
        files.Session(OpencodeFiles.SampleSession);
        Assert.Empty(storage.OlderSessions());
        Assert.Equal(2, storage.Sessions().Count);
        using OpencodeDatabase older = OpencodeDatabase.Open(files.Path);
        Assert.Empty(older.ListSessions());
    }

    [Fact]
    public async Task A_session_that_is_migrated_while_it_is_followed_goes_on_in_its_share()
    {
        files.Sql(OpencodeFiles.SampleSql());
        await using OfflineShare share = await OfflineShare.OpenAsync(files.Folder);
        using OpencodeSessions older = share.Open(files.Path, OpencodeSelection.Latest);
        await older.LookAsync(ending.Token);
        var folded = new FoldedDocuments();
        folded.Apply(share.Take().Select(taken => taken.Op));
        Assert.NotEqual(0, folded.Count(Kinds.Part));

        files.Sql(Opencode2Files.Tables);
        files.Session(OpencodeFiles.SampleSession);
        files.Row(OpencodeFiles.SampleSession, "msg_2", "user", 1, """{"text":"in version 2"}""");
        using var sessions = new FollowedSessions(share.Client, new FollowOptions
        {
            Storages = [new Opencode2Storage(files.Path)], LockPath = share.LockPath,
            Chosen = ("opencode", OpencodeFiles.SampleSession), Before = EarlierGeneration.RemovalsAsync,
        });
        Assert.Equal(0, await older.LookAsync(ending.Token));
        await sessions.LookAsync(ending.Token);
        Assert.Equal(0, await older.LookAsync(ending.Token));
        folded.Apply(share.Take().Select(taken => taken.Op));
        Assert.Equal(("part", "msg_2.00000"), Assert.Single(folded.All.Keys, key => key.Kind == Kinds.Part));
        Assert.Single(share.Client.Shares);
    }

    [Fact]
    public void The_file_is_the_one_that_OPENCODE_DB_names_else_the_stable_channels_and_newer_ones_are_named()
    {
        var variables = new Dictionary<string, string?> { ["XDG_DATA_HOME"] = files.Folder };
        var home = new AgentHome(files.Folder, files.Folder, variables.GetValueOrDefault);
        string folder = Directory.CreateDirectory(Path.Combine(files.Folder, "opencode")).FullName;
        Assert.Null(OpencodePaths.Find(home));
        string beta = Path.Combine(folder, "opencode-beta.db");
        File.WriteAllText(beta, "");
        Assert.Equal(beta, OpencodePaths.Find(home));
        string stable = Path.Combine(folder, "opencode.db");
        File.WriteAllText(stable, "");
        File.SetLastWriteTimeUtc(beta, File.GetLastWriteTimeUtc(stable).AddHours(1));
        Assert.Equal(stable, OpencodePaths.Find(home));
        Assert.Equal([beta], OpencodePaths.NewerBeside(stable));
        Assert.Empty(OpencodePaths.NewerBeside(beta));
        variables["OPENCODE_DB"] = "opencode-beta.db";
        Assert.Equal(beta, OpencodePaths.Find(home));
        variables["OPENCODE_DB"] = "missing.db";
        Assert.Equal(Path.Combine(folder, "missing.db"), OpencodePaths.Find(home));
        Assert.Null(Opencode2Storage.Find(home));
    }
}
