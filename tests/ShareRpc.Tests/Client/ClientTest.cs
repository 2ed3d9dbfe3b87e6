using Microsoft.Data.Sqlite;
using ShareRpc.Client;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Client;

/// <summary>
/// What every test of the client starts from: a directory, a scripted server with a creator, and options with short
/// times. Waits are for events and end with <see cref="Timeout"/>.
/// </summary>
public abstract class ClientTest : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly CancellationTokenSource timeout = new(TimeSpan.FromMinutes(3), TimeProvider.System);

    private protected ClientTest()
    {
        ShareToken creator = Server.AddCreator();
        Credentials.Add(creator, ServerAddress, null, "creator");
        Options = new ShareClientOptions
        {
            Server = ServerAddress, OutboxPath = directory["outbox.db"],
            CredentialsPath = directory["credentials.json"],
            CreatorCapId = creator.CapId,
            FirstRetry = TimeSpan.FromMilliseconds(1), MaxRetry = TimeSpan.FromMilliseconds(20),
            PollInterval = TimeSpan.FromMilliseconds(20),
            Transport = Server.ConnectAsync,
        };
    }

    private protected static Uri ServerAddress { get; } = new("https://share.example.org/");

    private protected ScriptedServer Server { get; } = new();

    private protected TemporaryDirectory Files => directory;

    private protected CredentialStore Credentials => new(directory["credentials.json"]);

    private protected ShareClientOptions Options { get; set; }

    private protected CancellationToken Timeout => timeout.Token;

    private protected Task<ShareClient> OpenAsync(TimeProvider? time = null) =>
        ShareClient.OpenAsync(Options, time, cancellationToken: Timeout);

    /// <summary>A client that stores and never sends, as if the server were out of reach for good.</summary>
    private protected Task<ShareClient> OpenOfflineAsync() =>
        ShareClient.OpenAsync(Options, null, send: false, Timeout);

    /// <summary>A share that exists on the server, and its link.</summary>
    private protected (ScriptedShare Share, ShareLink Link) AddShare(Rights rights = RightsNames.Owner)
    {
        (ScriptedShare share, ShareToken token) = Server.AddShare(RandomId.New(), rights);
        return (share, new ShareLink(ServerAddress, share.ShareId, token));
    }

    private protected static OpIntent Put(string opId, string json = "{}", string key = "k") =>
        new() { OpId = opId, Verb = Verbs.Put, Kind = Kinds.Part, Key = key, Data = RawJson.Parse(json) };

    /// <summary>Ops <c>{prefix}1</c> to <c>{prefix}n</c>.</summary>
    private protected static OpIntent[] Puts(int count, string prefix = "op-", string json = "{}") =>
        [.. Enumerable.Range(1, count).Select(n => Put($"{prefix}{n}", json, $"k{n}"))];

    /// <summary>Ends when the status is as wanted.</summary>
    private protected async Task<WriterStatus> UntilAsync(ShareWriter writer, Func<WriterStatus, bool> wanted)
    {
        while (true)
        {
            Task changed = writer.Changed;
            WriterStatus status = writer.Status;
            if (wanted(status)) return status;
            await changed.WaitAsync(Timeout);
        }
    }

    /// <summary>Looks into the outbox file past the client.</summary>
    private protected IReadOnlyList<T> Query<T>(string sql, Func<SqliteDataReader, T> read)
    {
        using var connection = new SqliteConnection($"Data Source={directory["outbox.db"]};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using SqliteDataReader rows = command.ExecuteReader();
        var list = new List<T>();
        while (rows.Read()) list.Add(read(rows));
        return list;
    }

    /// <summary>What the server was asked since this was last called, in order.</summary>
    private protected List<object> Received()
    {
        List<object> all = [];
        while (Server.Calls.TryRead(out object? call)) all.Add(call);
        return all;
    }

    /// <summary>Op ids in the log of a share.</summary>
    private protected IReadOnlyList<string> LoggedIds(ScriptedShare share)
    {
        lock (Server.Gate) return [.. share.Log.Select(op => op.OpId)];
    }

    public void Dispose()
    {
        Server.Dispose();
        timeout.Dispose();
        directory.Dispose();
        GC.SuppressFinalize(this);
    }
}
