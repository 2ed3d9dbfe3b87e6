using System.Buffers;
using System.Text;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Read;

namespace ShareRpc.Server.Connections.DirectCalls;

/// <summary>Writes the same bytes as the RPC layer (SPEC sections "JSON-RPC", "Batches", "Reading").</summary>
internal static class ReplyWriter
{
    public static void Write(IBufferWriter<byte> reply, ReadOnlySpan<byte> id, Ack ack)
    {
        Begin(reply, id);
        reply.Write(",\"result\":"u8);
        Write(reply, ack);
        reply.Write("}"u8);
    }

    /// <summary>Writes the result alone.</summary>
    public static void Write(IBufferWriter<byte> reply, Ack ack)
    {
        reply.Write("{\"cursor\":"u8);
        PageMessage.Write(reply, ack.Cursor);
        reply.Write(",\"applied\":"u8);
        Write(reply, ack.Applied);
        reply.Write(",\"duplicates\":"u8);
        Write(reply, ack.Duplicates);
        reply.Write(",\"rejected\":"u8);
        if (ack.Rejected.Count == 0) reply.Write("[]"u8);
        else PageMessage.WriteAsJson(reply, ack.Rejected);
        reply.Write("}"u8);
    }

    public static void Write(ReplyBuffer reply, ReadOnlySpan<byte> id, OpPage page)
    {
        reply.Prepare(PageMessage.BytesOf(page));
        Begin(reply, id);
        reply.Write(",\"result\":{"u8);
        PageMessage.WriteMembers(reply, page);
        reply.Write("}}"u8);
    }

    public static void Write(IBufferWriter<byte> reply, ReadOnlySpan<byte> id, ShareRpcException error)
    {
        BeginError(reply, id, (int)error.Code);
        PageMessage.WriteAsJson(reply, error.Message);
        reply.Write(",\"data\":"u8);
        PageMessage.WriteAsJson(reply, ErrorData.From(error));
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
        PageMessage.Write(reply, code);
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
            PageMessage.Write(reply, op.Cursor);
            reply.Write("}"u8);
        }

        reply.Write("]"u8);
    }
}
