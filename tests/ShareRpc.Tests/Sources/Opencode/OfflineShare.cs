using Microsoft.Data.Sqlite;
using ShareRpc.Client;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Opencode;

namespace ShareRpc.Tests.Sources.Opencode;

/// <summary>A real client that never sends: what is enqueued stays in its outbox, where it is read back.</summary>
internal sealed class OfflineShare : IAsyncDisposable
{
    private readonly string outbox;
    private long readTo;

    private OfflineShare(string outbox, string lockPath, ShareClient client)
    {
        this.outbox = outbox;
        LockPath = lockPath;
        Client = client;
    }

    public ShareClient Client { get; }

    public string LockPath { get; }

    public static async Task<OfflineShare> OpenAsync(string folder, string name = "client")
    {
        string outbox = Path.Combine(folder, $"{name}.outbox.db");
        var options = new ShareClientOptions
        {
            Server = new Uri("http://127.0.0.1:1"), OutboxPath = outbox, CredentialsPath = Path.Combine(folder, $"{name}.json"),
                CreatorCapId = RandomId.New(),
        };
        ShareClient client = await ShareClient.OpenAsync(options, TimeProvider.System, send: false);
        return new OfflineShare(outbox, Path.Combine(folder, $"{name}.lock"), client);
    }

    public OpencodeSessions Open(string databasePath, OpencodeSelection selection, TimeProvider? time = null) =>
        new(Client, new OpencodeOptions { DatabasePath = databasePath, LockPath = LockPath, Selection = selection,
            BusyTimeout = TimeSpan.FromSeconds(1) }, time);

    /// <summary>The ops that were enqueued since the last call, with the atomic group of each.</summary>
    public List<(OpIntent Op, string? Group)> Take()
    {
        using var connection = new SqliteConnection($"Data Source={outbox};Pooling=False;Mode=ReadOnly");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText =
            "SELECT row_id, op_id, verb, kind, key, data, if_changed, atomic_group FROM op WHERE row_id > $after ORDER BY row_id";
        command.Parameters.AddWithValue("$after", readTo);
        using SqliteDataReader reader = command.ExecuteReader();
        var ops = new List<(OpIntent, string?)>();
        while (reader.Read())
        {
            readTo = reader.GetInt64(0);
            var op = new OpIntent
            {
                OpId = reader.GetString(1), Verb = reader.GetString(2), Kind = reader.GetString(3), Key = reader.GetString(4),
                Data = reader.IsDBNull(5) ? null : new RawJson(reader.GetFieldValue<byte[]>(5)), IfChanged = reader.GetInt64(6) == 1
                    ? true : null,
            };
            ops.Add((op, reader.IsDBNull(7) ? null : reader.GetString(7)));
        }

        return ops;
    }

    public ValueTask DisposeAsync() => Client.DisposeAsync();
}
