using System.Globalization;
using System.Text.Json;
using Npgsql;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Cluster;

/// <summary>A share that guests work on until they are revoked.</summary>
internal sealed class StormShare
{
    private readonly ClusterServers servers;
    private readonly string id = RandomId.New();

    private StormShare(ClusterServers servers) => this.servers = servers;

    public ShareToken Owner { get; } = ShareToken.New(RandomId.New());

    public static async Task<StormShare> CreateAsync(
        ClusterServers servers, ShareToken creator, CancellationToken cancellationToken)
    {
        var share = new StormShare(servers);
        await servers.CallAsync(creator, isRoot: true, "createShare", $$"""
            {"share_id":"{{share.id}}","cap_id":"{{share.Owner.CapId}}","token_digest":"{{share.Owner.Digest}}"}
            """, cancellationToken);
        return share;
    }

    /// <summary>Returns the head of its log, past all nodes.</summary>
    public async Task<long> HeadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await using NpgsqlConnection connection =
                    await servers.Postgres.OpenAsync(servers.Database, cancellationToken);
                await using var command = new NpgsqlCommand("SELECT head FROM share WHERE share_id = $1", connection);
                command.Parameters.Add(new() { Value = id });
                return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
            }
            catch (NpgsqlException)
            {
                await Until.PassedAsync(TimeSpan.FromMilliseconds(20), cancellationToken);
            }
        }
    }

    /// <summary>Returns who appended what.</summary>
    public async IAsyncEnumerable<(string Actor, long Cursor)> ReadLogAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (long after = 0; ;)
        {
            JsonElement page = await servers.CallAsync(
                Owner, isRoot: false, "readOps",
                string.Create(CultureInfo.InvariantCulture, $$"""{"after":{{after}}}"""), cancellationToken);
            foreach (JsonElement op in page.GetProperty("ops").EnumerateArray())
                yield return (op.GetProperty("actor").GetString()!, op.GetProperty("cursor").GetInt64());
            if (page.GetProperty("ops").GetArrayLength() == 0) yield break;
            after = page.GetProperty("cursor").GetInt64();
        }
    }
}
