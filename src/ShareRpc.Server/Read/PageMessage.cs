using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access.Redaction;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Read;

/// <summary>Writes pages as the RPC layer would (SPEC section "Reading").</summary>
internal static class PageMessage
{
    /// <summary>Gets what is before the <c>params</c>; behind them is one brace.</summary>
    public static ReadOnlySpan<byte> Envelope => "{\"jsonrpc\":\"2.0\",\"method\":\"page\",\"params\":"u8;

    private const int NumberBytes = 20;
    private const int EnvelopeBytes = 192;

    /// <summary>What a writer of JSON asks for after each flush.</summary>
    private const int WriterBytes = 4_096;

    /// <summary>Encodes the notification <c>page</c>; without a message if the page says <c>gap</c>.</summary>
    public static SharedPage Encode(ReadProfile profile, PageWish wish, OpPage page)
    {
        int opBytes = 0;
        foreach (LoggedOp op in page.Ops) opBytes += op.Encoded.Length;
        var message = new ArrayBufferWriter<byte>(EnvelopeBytes + opBytes + page.Ops.Count);
        message.Write(Envelope);
        message.Write("{\"subscription\":"u8);
        Write(message, wish.Subscription);
        message.Write(",\"bytes\":"u8);
        Write(message, opBytes);
        message.Write(","u8);
        WriteMembers(message, page);
        message.Write("}}"u8);
        return new SharedPage(wish, profile.Name, page.Cursor, opBytes, message.WrittenMemory) { Gap = page.Gap };
    }

    /// <summary>Returns about how many bytes a page takes, and not less but for long keys.</summary>
    public static long BytesOf(OpPage page)
    {
        long bytes = WriterBytes + EnvelopeBytes;
        foreach (LoggedOp op in page.Ops)
            bytes += op.Encoded.IsEmpty ? OpEnvelope.Bytes + (op.Data?.Utf8.Length ?? 0) : op.Encoded.Length + 1;
        return bytes;
    }

    /// <summary>Writes the members of a page without braces; copies the op bytes shared by all readers.</summary>
    public static void WriteMembers(IBufferWriter<byte> output, OpPage page)
    {
        output.Write("\"ops\":["u8);
        for (int i = 0; i < page.Ops.Count; i++)
        {
            if (i > 0) output.Write(","u8);
            if (page.Ops[i].Encoded is { IsEmpty: false } encoded) output.Write(encoded.Span);
            else WriteAsJson(output, page.Ops[i]);
        }

        output.Write("],\"cursor\":"u8);
        Write(output, page.Cursor);
        output.Write(",\"head\":"u8);
        Write(output, page.Head);
        if (page.Gap is { } gap)
        {
            output.Write(",\"gap\":"u8);
            Write(output, gap);
        }

        if (page.Ended is { } ended) output.Write(ended ? ",\"ended\":true"u8 : ",\"ended\":false"u8);
        if (page.Writing == true) output.Write(",\"writing\":true"u8);
        if (page.Generation is not { } generation) return;
        output.Write(",\"generation\":"u8);
        Write(output, generation);
    }

    public static void Write(IBufferWriter<byte> output, long number)
    {
        Utf8Formatter.TryFormat(number, output.GetSpan(NumberBytes), out int written);
        output.Advance(written);
    }

    public static void WriteAsJson<T>(IBufferWriter<byte> output, T value)
    {
        using var writer = new Utf8JsonWriter(
            output, new JsonWriterOptions { Encoder = ProtocolJson.Options.Encoder, SkipValidation = true });
        JsonSerializer.Serialize(writer, value, ProtocolJson.Options);
    }
}
