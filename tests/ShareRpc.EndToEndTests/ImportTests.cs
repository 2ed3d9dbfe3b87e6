using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests;

/// <summary>Old flat-file trees through the real tool to a real server.</summary>
public sealed class ImportTests
{
    private const string Recorded = "opencode-1.1.65-storage.tar.gz";
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [FixtureFact]
    public async Task The_recorded_tree_arrives_whole_says_what_it_left_out_and_twice_makes_no_second_op()
    {
        await using var world = new World();
        await world.StartServerAsync(null, timeout);
        string tree = Extract(world);
        string before = Picture(tree);

        await using Tool first = await ImportAsync(world, tree);
        await using Tool second = await ImportAsync(world, tree);
        await using Tool rescan = await ImportAsync(world, tree, "--rescan");

        Assert.True(first.ExitCode == 0, first.Errors);
        JsonObject imported = Imported(first);
        Assert.Equal((11, 80, 282, 11),
            ((int)imported["sessions"]!, (int)imported["messages"]!, (int)imported["parts"]!,
            (int)imported["skipped_count"]!));
        Assert.Equal(292, (int)imported["parts"]!
            + imported["skipped"]!.AsArray().Count(file => (string?)file!["reason"] == "no_message"));
        Assert.Equal(10, ShareCommandTests.Finals(first).Count);
        Assert.True((bool)Imported(second)["earlier"]!);
        Assert.Empty(ShareCommandTests.Finals(second));
        Assert.All(ShareCommandTests.Finals(rescan),
            session => Assert.Equal(0, (int)session["applied"]! + (int)session["duplicates"]!));
        foreach (JsonObject session in ShareCommandTests.Finals(first)) await AssertHoldsAsync(session, tree);
        Assert.Equal(before, Picture(tree));
    }

    [FixtureFact]
    public async Task An_import_that_is_killed_in_the_middle_is_continued_without_a_second_op()
    {
        await using var world = new World();
        await world.StartServerAsync(null, timeout);
        string tree = Extract(world);

        // A half-written message of the last session keeps the import waiting for it: there it is killed.
        string last = Directory.GetDirectories(Path.Combine(tree, "message"))
            .Where(folder => Directory.EnumerateFiles(folder).Any()).MaxBy(Updated)!;
        string message = Directory.EnumerateFiles(last).First();
        string whole = await File.ReadAllTextAsync(message, timeout);
        await File.WriteAllTextAsync(message, whole[..20], timeout);
        await using (Tool dying = world.StartClient(null, "share", "--opencode-files", tree, "--json"))
        {
            await Until.TrueAsync(
                () => dying.HasExited || dying.Objects.Any(line => (string?)line["session"] == Path.GetFileName(last)),
                timeout);
            dying.Kill();
            await dying.WaitForExitAsync(timeout);
        }

        Assert.Equal(0, Finished(world));
        await File.WriteAllTextAsync(message, whole, timeout);
        await using Tool rescan = await ImportAsync(world, tree, "--rescan");

        Assert.True(rescan.ExitCode == 0, rescan.Errors);
        JsonObject imported = Imported(rescan);
        Assert.Equal((11, 80, 282), ((int)imported["sessions"]!, (int)imported["messages"]!, (int)imported["parts"]!));
        Assert.Equal(1, Finished(world));
        foreach (JsonObject session in ShareCommandTests.Finals(rescan)) await AssertHoldsAsync(session, tree);

        string Updated(string folder)
        {
            string id = Path.GetFileName(folder);
            string? session =
                Directory.EnumerateFiles(Path.Combine(tree, "session"), $"{id}.json", SearchOption.AllDirectories)
                .SingleOrDefault();
            return session is null
                ? "" : (string)JsonNode.Parse(File.ReadAllText(session))!["time"]!["updated"]!.ToJsonString();
        }
    }

    /// <summary>Each document once in the log, and equal to its file.</summary>
    private async Task AssertHoldsAsync(JsonObject session, string tree)
    {
        Assert.True(ShareLink.TryParse((string?)session["link"], out ShareLink? link));
        await using var reader = new ShareReader(link);
        ShareSnapshot state = await reader.ReadStateAsync(timeout);
        Assert.Equal(state.Cursor, state.Documents.Count);
        foreach (Document document in state.Documents.Where(document => document.Kind is Kinds.Message or Kinds.Part))
        {
            JsonNode held = JsonNode.Parse(document.Data.Utf8.Span)!;
            string root = (string)held["sessionID"]!;
            string folder = document.Kind == Kinds.Message
                ? (string?)held["agent_session"] ?? root : (string)held["messageID"]!;
            string file =
                await File.ReadAllTextAsync(Path.Combine(tree, document.Kind, folder, $"{document.Key}.json"), timeout);
            JsonObject expected = OpencodeFixture.Shared(JsonNode.Parse(file)!.AsObject(), root);
            Assert.True(JsonNode.DeepEquals(expected, held), $"{document.Kind} {document.Key}");
        }
    }

    private Task<Tool> ImportAsync(World world, string tree, params string[] more) =>
        world.RunClientAsync("share", ["--opencode-files", tree, "--json", .. more], timeout);

    private static JsonObject Imported(Tool share) =>
        share.Objects.Single(line => (string?)line["event"] == "imported");

    private static long Finished(World world)
    {
        using var connection =
            new SqliteConnection($"Data Source={world.PathOf("state/outbox.db")};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT COUNT(finished_ms) FROM import_state";
        return (long)command.ExecuteScalar()!;
    }

    private static string Extract(World world)
    {
        string fixture = Path.Combine(Path.GetDirectoryName(OpencodeFixture.Path)!, Recorded);
        using var file = new GZipStream(File.OpenRead(fixture), CompressionMode.Decompress);
        Directory.CreateDirectory(world.PathOf("old"));
        TarFile.ExtractToDirectory(file, world.PathOf("old"), overwriteFiles: false);
        return world.PathOf("old/storage");
    }

    private static string Picture(string tree) => string.Join('\n',
        Directory.EnumerateFiles(tree, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(path =>
            $"{path} {File.GetLastWriteTimeUtc(path).Ticks} "
                + $"{Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)))}"));
}
