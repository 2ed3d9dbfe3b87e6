using System.Buffers;
using System.Text;
using Npgsql;
using NpgsqlTypes;
using ShareRpc.Benchmarks.Figures;

namespace ShareRpc.Benchmarks.Load;

/// <summary>
/// A writer of a <see cref="Servers.PostgresPeer"/>: a statement and a transaction for each batch, which a unique index
/// of share and op id keeps from being stored twice.
/// </summary>
internal sealed class PostgresWriter : IBatchWriter
{
    private readonly NpgsqlConnection connection;
    private readonly NpgsqlCommand insert;
    private readonly OpBodies bodies;
    private readonly OpNames names;
    private readonly ArrayBufferWriter<byte> id = new(64);
    private long number;

    private PostgresWriter(NpgsqlConnection connection, string share, OpBodies bodies, OpNames names)
    {
        (this.connection, this.bodies, this.names) = (connection, bodies, names);
        insert = new NpgsqlCommand(
            """
            INSERT INTO ops (share_id, op_id, body) SELECT $1, * FROM unnest($2::text[], $3::text[])
            ON CONFLICT DO NOTHING
            """, connection);
        insert.Parameters.Add(new NpgsqlParameter { Value = share, NpgsqlDbType = NpgsqlDbType.Text });
        insert.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        insert.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
    }

    public static async Task<PostgresWriter> OpenAsync(string server, string share, OpBodies bodies, OpNames names,
        CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(server);
        await connection.OpenAsync(cancellationToken);
        var writer = new PostgresWriter(connection, share, bodies, names);
        writer.Prepare(1);
        await writer.insert.PrepareAsync(cancellationToken);
        return writer;
    }

    public Task<long> RunAsync(int batch, Latencies latencies, Func<bool> goesOn,
        CancellationToken cancellationToken) =>
        ClosedLoop.RunAsync(batch, latencies, goesOn, Prepare, async ops =>
        {
            if (await insert.ExecuteNonQueryAsync(cancellationToken) != ops)
                throw new InvalidOperationException("PostgreSQL did not store all.");
        });

    public async ValueTask DisposeAsync()
    {
        await insert.DisposeAsync();
        await connection.DisposeAsync();
    }

    private int Prepare(int batch)
    {
        var ids = new string[batch];
        var data = new string[batch];
        for (int i = 0; i < batch; i++)
        {
            id.ResetWrittenCount();
            names.WriteId(id);
            ids[i] = Encoding.ASCII.GetString(id.WrittenSpan);
            data[i] = Encoding.UTF8.GetString(bodies[++number].Span);
        }

        (insert.Parameters[1].Value, insert.Parameters[2].Value) = (ids, data);
        return batch;
    }
}
