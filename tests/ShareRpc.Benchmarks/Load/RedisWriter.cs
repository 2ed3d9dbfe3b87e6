using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ShareRpc.Benchmarks.Figures;

namespace ShareRpc.Benchmarks.Load;

/// <summary>
/// A writer of a <see cref="Servers.RedisPeer"/>: one stream, and a set of the ids that it has, by a script for each
/// op; a batch is a pipeline. It speaks as much of Redis' protocol as that takes.
/// </summary>
internal sealed class RedisWriter : IBatchWriter
{
    private const string Script =
        "if redis.call('SADD',KEYS[2],ARGV[1])==1 then return redis.call('XADD',KEYS[1],'*','d',ARGV[2]) end "
        + "return nil";

    private readonly TcpClient client = new() { NoDelay = true };
    private readonly OpBodies bodies;
    private readonly OpNames names;
    private readonly ArrayBufferWriter<byte> frame = new(64 * 1024);
    private readonly ArrayBufferWriter<byte> id = new(64);
    private readonly byte[] received = new byte[64 * 1024];
    private byte[] start = [];
    private long number;

    private RedisWriter(OpBodies bodies, OpNames names) => (this.bodies, this.names) = (bodies, names);

    public static async Task<RedisWriter> OpenAsync(IPEndPoint server, string share, OpBodies bodies, OpNames names,
        CancellationToken cancellationToken)
    {
        var writer = new RedisWriter(bodies, names);
        await writer.client.ConnectAsync(server, cancellationToken);
        string hash = await writer.LoadScriptAsync(cancellationToken);
        writer.start = Encoding.ASCII.GetBytes(
            $"*7\r\n$7\r\nEVALSHA\r\n{Bulk(hash)}$1\r\n2\r\n{Bulk(share)}{Bulk(share + ":ids")}");
        return writer;
    }

    public Task<long> RunAsync(int batch, Latencies latencies, Func<bool> goesOn,
        CancellationToken cancellationToken) =>
        ClosedLoop.RunAsync(batch, latencies, goesOn, Prepare, ops => SendAsync(ops, cancellationToken));

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    private static string Bulk(string text) =>
        string.Create(CultureInfo.InvariantCulture, $"${text.Length}\r\n{text}\r\n");

    private async Task<string> LoadScriptAsync(CancellationToken cancellationToken)
    {
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes($"*3\r\n$6\r\nSCRIPT\r\n$4\r\nLOAD\r\n{Bulk(Script)}"), cancellationToken);
        var answer = new StringBuilder();
        while (answer.ToString().Split("\r\n") is not [_, { Length: 40 }, ..])
        {
            int length = await stream.ReadAsync(received, cancellationToken);
            if (length == 0) throw new InvalidOperationException("Redis closed the connection.");
            answer.Append(Encoding.ASCII.GetString(received, 0, length));
        }

        return answer.ToString().Split("\r\n")[1];
    }

    private int Prepare(int batch)
    {
        frame.ResetWrittenCount();
        for (int i = 0; i < batch; i++)
        {
            id.ResetWrittenCount();
            names.WriteId(id);
            frame.Write(start);
            Write(id.WrittenSpan);
            Write(bodies[++number].Span);
        }

        return batch;
    }

    private void Write(ReadOnlySpan<byte> value)
    {
        frame.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"${value.Length}\r\n")));
        frame.Write(value);
        frame.Write("\r\n"u8);
    }

    /// <summary>Each op is answered by the id that its entry got: two lines.</summary>
    private async ValueTask SendAsync(int ops, CancellationToken cancellationToken)
    {
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(frame.WrittenMemory, cancellationToken);
        for (int lines = 0; lines < 2 * ops;)
        {
            int length = await stream.ReadAsync(received, cancellationToken);
            ReadOnlySpan<byte> answer = received.AsSpan(0, length);
            if (length == 0 || answer[0] == '-' || answer.IndexOf("\n-"u8) >= 0)
                throw new InvalidOperationException("Redis refused: " + Encoding.ASCII.GetString(answer));
            lines += answer.Count((byte)'\n');
        }
    }
}
