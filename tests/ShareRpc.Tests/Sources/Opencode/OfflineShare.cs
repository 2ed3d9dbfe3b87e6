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
    private readonly HashSet<string> taken = new(StringComparer.Ordinal);

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
            Server = new Uri("http://127.0.0.1:1"), OutboxPath = outbox,
            CredentialsPath = Path.Combine(folder, $"{name}.json"),
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
            "SELECT op_id, verb, kind, key, data, if_changed, atomic_group FROM op ORDER BY row_id";
        using SqliteDataReader reader = command.ExecuteReader();
        var ops = new List<(OpIntent, string?)>();
        while (reader.Read())
        {
            if (!taken.Add(reader.GetString(0))) continue;
            var op = new OpIntent
            {
                OpId = reader.GetString(0), Verb = reader.GetString(1), Kind = reader.GetString(2),
                Key = reader.GetString(3),
                Data = reader.IsDBNull(4) ? null : new RawJson(reader.GetFieldValue<byte[]>(4)),
                IfChanged = reader.GetInt64(5) == 1
                    ? true : null,
            };
            ops.Add((op, reader.IsDBNull(6) ? null : reader.GetString(6)));
        }

        return ops;
    }

    public ValueTask DisposeAsync() => Client.DisposeAsync();
}
