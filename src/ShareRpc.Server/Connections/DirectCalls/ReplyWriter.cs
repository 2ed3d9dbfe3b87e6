using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Connections.DirectCalls;

/// <summary>Writes the same bytes as the RPC layer (SPEC sections "JSON-RPC", "Batches", "Reading").</summary>
internal static class ReplyWriter
{
    private const int NumberBytes = 20;

    public static void Write(IBufferWriter<byte> reply, ReadOnlySpan<byte> id, Ack ack)
    {
        Begin(reply, id);
        reply.Write(",\"result\":{\"cursor\":"u8);
        Write(reply, ack.Cursor);
        reply.Write(",\"applied\":"u8);
        Write(reply, ack.Applied);
        reply.Write(",\"duplicates\":"u8);
        Write(reply, ack.Duplicates);
        reply.Write(",\"rejected\":"u8);
        if (ack.Rejected.Count == 0) reply.Write("[]"u8);
        else WriteAsJson(reply, ack.Rejected);
        reply.Write("}}"u8);
    }

    /// <summary>Writes a page; copies the op bytes shared by all readers.</summary>
    public static void Write(IBufferWriter<byte> reply, ReadOnlySpan<byte> id, OpPage page)
    {
        Begin(reply, id);
        reply.Write(",\"result\":{\"ops\":["u8);
        for (int i = 0; i < page.Ops.Count; i++)
        {
            if (i > 0) reply.Write(","u8);
            if (page.Ops[i].Encoded is { IsEmpty: false } encoded) reply.Write(encoded.Span);
            else WriteAsJson(reply, page.Ops[i]);
        }

        reply.Write("],\"cursor\":"u8);
        Write(reply, page.Cursor);
        reply.Write(",\"head\":"u8);
        Write(reply, page.Head);
        if (page.Gap is { } gap)
        {
            reply.Write(",\"gap\":"u8);
            Write(reply, gap);
        }

        if (page.Ended is { } ended) reply.Write(ended ? ",\"ended\":true"u8 : ",\"ended\":false"u8);
        if (page.Writing == true) reply.Write(",\"writing\":true"u8);
        reply.Write("}}"u8);
    }

    public static void Write(IBufferWriter<byte> reply, ReadOnlySpan<byte> id, ShareRpcException error)
    {
        BeginError(reply, id, (int)error.Code);
        WriteAsJson(reply, error.Message);
        reply.Write(",\"data\":"u8);
        WriteAsJson(reply, ErrorData.From(error));
        reply.Write("}}"u8);
    }

    public static void WriteCancelled(IBufferWriter<byte> reply, ReadOnlySpan<byte> id)
    {
        BeginError(reply, id, (int)StreamJsonRpc.Protocol.JsonRpcErrorCode.RequestCanceled);
        reply.Write("\"cancelled\"}}"u8);
    }

    private static void Begin(IBufferWriter<byte> reply, ReadOnlySpan<byte> id)
    {
        reply.Write("{\"jsonrpc\":\"2.0\",\"id\":"u8);
        reply.Write(id);
    }

    private static void BeginError(IBufferWriter<byte> reply, ReadOnlySpan<byte> id, int code)
    {
        Begin(reply, id);
        reply.Write(",\"error\":{\"code\":"u8);
        Write(reply, code);
        reply.Write(",\"message\":"u8);
    }

    /// <summary>Op ids of applied ops and duplicates need no escapes.</summary>
    private static void Write(IBufferWriter<byte> reply, IReadOnlyList<OpCursor> ops)
    {
        reply.Write("["u8);
        for (int i = 0; i < ops.Count; i++)
        {
            OpCursor op = ops[i];
            reply.Write(i > 0 ? ",{\"op_id\":\""u8 : "{\"op_id\":\""u8);
            reply.Advance(
                Encoding.UTF8.GetBytes(op.OpId, reply.GetSpan(Encoding.UTF8.GetMaxByteCount(op.OpId.Length))));
            reply.Write("\",\"cursor\":"u8);
            Write(reply, op.Cursor);
            reply.Write("}"u8);
        }

        reply.Write("]"u8);
    }

    private static void Write(IBufferWriter<byte> reply, long number)
    {
        Utf8Formatter.TryFormat(number, reply.GetSpan(NumberBytes), out int written);
        reply.Advance(written);
    }

    private static void WriteAsJson<T>(IBufferWriter<byte> reply, T value)
    {
        using var writer = new Utf8JsonWriter(
            reply, new JsonWriterOptions { Encoder = ProtocolJson.Options.Encoder, SkipValidation = true });
        JsonSerializer.Serialize(writer, value, ProtocolJson.Options);
    }
}
