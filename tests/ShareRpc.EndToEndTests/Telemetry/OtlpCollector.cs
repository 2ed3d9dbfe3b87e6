using System.Collections.Concurrent;
using System.Net;
using System.Text;

namespace ShareRpc.EndToEndTests.Telemetry;

/// <summary>A span as it was exported.</summary>
internal sealed record ExportedSpan(string Trace, string Id, string Parent, string Name);

/// <summary>Takes what is exported by OTLP over HTTP, and reads the spans of it.</summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private readonly HeldPort port = new();
    private readonly HttpListener listener = new();
    private readonly ConcurrentQueue<ExportedSpan> spans = new();
    private readonly ConcurrentQueue<byte[]> bodies = new();
    private readonly Task taking;

    public OtlpCollector()
    {
        Address = port.Address.AbsoluteUri;
        listener.Prefixes.Add(Address);
        listener.Start();
        taking = TakeAsync();
    }

    public string Address { get; }

    public IReadOnlyList<ExportedSpan> Spans => [.. spans];

    /// <summary>Gets all that came, of every signal, for a search of what must not be there.</summary>
    public string Text => string.Concat(bodies.Select(Encoding.Latin1.GetString));

    public async ValueTask DisposeAsync()
    {
        listener.Close();
        await taking;
        port.Dispose();
    }

    private async Task TakeAsync()
    {
        try
        {
            while (true)
            {
                HttpListenerContext call = await listener.GetContextAsync();
                using var body = new MemoryStream();
                await call.Request.InputStream.CopyToAsync(body);
                bodies.Enqueue(body.ToArray());
                if (call.Request.Url!.AbsolutePath == "/v1/traces") ReadSpans(body.ToArray());
                call.Response.Close();
            }
        }
        catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
        {
            // disposed
        }
    }

    /// <summary>ExportTraceServiceRequest: resource_spans 1, scope_spans 2, spans 2.</summary>
    private void ReadSpans(ReadOnlyMemory<byte> request)
    {
        foreach (ReadOnlyMemory<byte> resource in Fields(request, 1))
        {
            foreach (ReadOnlyMemory<byte> scope in Fields(resource, 2))
            {
                foreach (ReadOnlyMemory<byte> span in Fields(scope, 2))
                {
                    spans.Enqueue(new ExportedSpan(Hex(span, 1), Hex(span, 2), Hex(span, 4),
                        Encoding.UTF8.GetString(Fields(span, 5).First().Span)));
                }
            }
        }
    }

    private static string Hex(ReadOnlyMemory<byte> message, int field) =>
        Convert.ToHexString(Fields(message, field).FirstOrDefault().Span);

    /// <summary>Returns the length-delimited fields of a number.</summary>
    private static IEnumerable<ReadOnlyMemory<byte>> Fields(ReadOnlyMemory<byte> message, int wanted)
    {
        int at = 0;
        while (at < message.Length)
        {
            ulong tag = Number(message, ref at);
            int length = (tag & 7) switch { 1 => 8, 5 => 4, 2 => (int)Number(message, ref at), _ => 0 };
            if ((tag & 7) == 0) Number(message, ref at);
            if ((tag & 7) == 2 && (int)(tag >> 3) == wanted) yield return message.Slice(at, length);
            at += length;
        }
    }

    private static ulong Number(ReadOnlyMemory<byte> message, ref int at)
    {
        ulong number = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = message.Span[at++];
            number |= (ulong)(next & 127) << shift;
            if (next < 128) return number;
        }
    }
}
