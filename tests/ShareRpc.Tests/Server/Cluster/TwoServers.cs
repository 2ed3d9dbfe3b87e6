using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using ShareRpc.Protocol.Diagnostics;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Access;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Postgres;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Cluster;

/// <summary>
/// Two servers on one database, without what nodes tell each other, a share of a creator, and a guest of it at the
/// second.
/// </summary>
internal sealed class TwoServers : IDisposable
{
    private readonly NpgsqlDataSource source;
    private ShareToken creator = null!;
    private ShareToken token = null!;
    private Authority guest = null!;

    private TwoServers(string database, ServerRooms a, ServerRooms b)
    {
        source = NpgsqlDataSource.Create(database);
        (A, B) = (a, b);
    }

    public ServerRooms A { get; }

    public ServerRooms B { get; }

    public Authority Owner { get; private set; } = null!;

    public long ShareKey => Owner.Ref.ShareKey!.Value;

    /// <param name="brokenAtB">The rule that the second server breaks.</param>
    /// <param name="database">Null for a new one.</param>
    /// <param name="nodeOfA">What the first server is among the nodes.</param>
    public static async Task<TwoServers> OpenAsync(
        string? brokenAtB, string? database = null, IServerNode? nodeOfA = null)
    {
        database ??= await TestPostgres.NewDatabaseAsync();
        ServerRooms a = await ServerRooms.OpenAsync(
            shared: await PostgresShareStore.OpenAsync(database), configure: services =>
            {
                if (nodeOfA is not null) services.AddSingleton(nodeOfA);
            });
        BrokenRule.Break(brokenAtB);
        ServerRooms b = await ServerRooms.OpenAsync(
            shared: await PostgresShareStore.OpenAsync(database), other: a);
        BrokenRule.Break(null);
        var servers = new TwoServers(database, a, b);
        servers.creator = await a.AttenuateAsync(a.Root, RightsNames.Creator);
        servers.Owner = await a.CreateShareAsync(await a.RedeemAsync(servers.creator, ofShare: false));
        servers.token = await a.AttenuateAsync(servers.Owner, Rights.Read | Rights.Append);
        servers.guest = await b.RedeemAsync(servers.token);
        return servers;
    }

    /// <summary>Appends as the guest; returns whether it was acknowledged.</summary>
    public async Task<bool> AppendAtBAsync(string key, string json = "{}")
    {
        try
        {
            await B.AppendAsync(guest, ServerRooms.Put(key, json));
            return true;
        }
        catch (ShareRpcException)
        {
            return false;
        }
    }

    public Task AppendTextAtBAsync(string key, string text) => B.AppendAsync(guest, new OpIntent
    {
        OpId = OpId.New(), Verb = Verbs.Append, Kind = Kinds.Part, Key = key,
        Data = RawJson.Parse($$"""{"field":"text","text":"{{text}}"}"""),
    });

    public async Task<string?> ReadTextAsync()
    {
        await using IReadSnapshot snapshot = await A.Store.BeginReadAsync();
        StoredDoc? document = await snapshot.FindDocAsync(ShareKey, Kinds.Part, "text");
        return document?.Data?.ToString();
    }

    public Task RevokeGuestAsync() =>
        A.Admin.RevokeAsync(Owner, new RevokeCapabilityRequest { CapId = token.CapId });

    public Task RevokeCreatorAsync() =>
        A.Admin.RevokeAsync(A.Root, new RevokeCapabilityRequest { CapId = creator.CapId });

    public async Task UntilOneWaitsForALockAsync(CancellationToken cancellationToken)
    {
        const string Waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while (await NumberAsync(Waiting) == 0)
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, cancellationToken);
    }

    public async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<long> NumberAsync(string sql)
    {
        await using NpgsqlCommand command = source.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public void Dispose()
    {
        A.Dispose();
        B.Dispose();
        source.Dispose();
    }
}

/// <summary>Holds up the next commit of a store.</summary>
internal sealed class HeldCommit : IDisposable
{
    private readonly FaultyStore store;
    private readonly ManualResetEventSlim release = new();
    private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public HeldCommit(FaultyStore store)
    {
        this.store = store;
        store.BeforeCommit = () =>
        {
            reached.TrySetResult();
            release.Wait();
        };
    }

    public Task Reached => reached.Task;

    public void Release()
    {
        store.Repair();
        release.Set();
    }

    public void Dispose()
    {
        Release();
        release.Dispose();
    }
}
