using Npgsql;

namespace ShareRpc.Server.Storage.Postgres;

/// <summary>The keys that were ever used with the database, by values that tell the same from another.</summary>
internal static class KeyTable
{
    /// <summary>Adds keys that are not there yet.</summary>
    public static async Task AddAsync(
        NpgsqlDataSource source, IEnumerable<(byte[] Id, string Name, byte[] CheckValue)> keys,
        CancellationToken cancellationToken)
    {
        foreach ((byte[] id, string name, byte[] checkValue) in keys)
        {
            await using NpgsqlCommand insert = source.CreateCommand(
                "INSERT INTO server_key (key_id, name, check_value) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");
            foreach (object value in (object[])[id, name, checkValue])
                insert.Parameters.Add(new NpgsqlParameter { Value = value });
            await insert.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Returns the names of keys that a node lacks.</summary>
    public static async Task<IReadOnlyList<string>> FindMissingAsync(
        NpgsqlDataSource source, IReadOnlyCollection<byte[]> checkValues, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand read = source.CreateCommand(
            "SELECT name FROM server_key WHERE NOT check_value = ANY ($1) ORDER BY name");
        read.Parameters.Add(new NpgsqlParameter { Value = checkValues.ToArray() });
        await using NpgsqlDataReader row = await read.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        var names = new List<string>();
        while (await row.ReadAsync(cancellationToken).ConfigureAwait(false)) names.Add(row.GetString(0));
        return names;
    }
}
