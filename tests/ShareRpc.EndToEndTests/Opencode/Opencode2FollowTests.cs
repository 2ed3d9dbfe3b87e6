using Microsoft.Data.Sqlite;
using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Opencode;

/// <summary>A real server and a real share follow a database of OpenCode 2, killed on the way.</summary>
public sealed class Opencode2FollowTests
{
    private const string Tables = """
        CREATE TABLE session_v2 (id text PRIMARY KEY, project_id text NOT NULL, parent_id text, directory text NOT NULL,
          title text, version text NOT NULL, time_created integer NOT NULL, time_updated integer NOT NULL);
        CREATE TABLE session_message (id text PRIMARY KEY, session_id text NOT NULL, type text NOT NULL,
          seq integer NOT NULL, time_created integer NOT NULL, time_updated integer NOT NULL, data text NOT NULL);
        INSERT INTO session_v2 VALUES ('ses_1', 'p', NULL, '/project', 'Followed', '2.0.26', 1, 1);
        """;

    private const int Messages = 60;

    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [Fact]
    public async Task A_reader_sees_every_message_once_and_in_order_while_the_sharer_is_killed()
    {
        await using var world = new World();
        await world.StartServerAsync(null, timeout);
        string database = world.PathOf("opencode.db");
        await using var writer = new SqliteConnection($"Data Source={database};Pooling=False");
        await writer.OpenAsync(timeout);
        await ExecuteAsync(writer, "PRAGMA journal_mode=WAL;" + Tables);
        Tool share = world.StartClient(null, "share", "--opencode", database, "--json");
        await Until.TrueAsync(() => share.Objects.Any(line => line["link"] is not null) || share.HasExited, timeout);
        Assert.True(ShareLink.TryParse((string?)share.Objects.First(line => line["link"] is not null)["link"],
            out ShareLink? link));
        await using var reader = new ShareReader(
            link, new ShareReaderOptions { InvalidTokenPatience = TimeSpan.FromSeconds(30) });
        Task<List<string>> seen = ReadAsync(reader);

        for (int i = 1; i <= Messages; i++)
        {
            await ExecuteAsync(writer, $$"""
                INSERT INTO session_message VALUES ('m{{i:D3}}', 'ses_1', 'assistant', {{i * 3}}, {{i}}, {{i}},
                  '{"content":[]}');
                UPDATE session_message SET time_updated = {{i}},
                  data = '{"content":[{"type":"text","text":"text {{i}}"}]}' WHERE id = 'm{{i:D3}}';
                """);
            if (i % 25 != 0) continue;
            await share.DisposeAsync();
            share = world.StartClient(null, "share", "--opencode", database, "--json");
        }

        Assert.Equal(Enumerable.Range(1, Messages).Select(i => $"text {i}"), await seen);
        await share.DisposeAsync();
    }

    /// <summary>Returns the texts in the order in which they came, each as often as it came.</summary>
    private async Task<List<string>> ReadAsync(ShareReader reader)
    {
        List<string> texts = [];
        await foreach (LoggedOp op in reader.FollowAsync(0, timeout))
        {
            if (op.Kind != Kinds.Part) continue;
            using System.Text.Json.JsonDocument part = op.Data!.Value.ToDocument();
            texts.Add(part.RootElement.GetProperty("text").GetString()!);
            if (texts[^1] == $"text {Messages}") break;
        }

        return texts;
    }

    private async Task ExecuteAsync(SqliteConnection connection, string sql)
    {
        await using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(timeout);
    }
}
