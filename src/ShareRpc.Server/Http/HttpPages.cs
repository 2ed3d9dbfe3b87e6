using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Server.Access;
using ShareRpc.Server.Memory;

namespace ShareRpc.Server.Http;

/// <summary>Output under an authority: revocation cuts off slow readers (I7).</summary>
internal static class HttpPages
{
    /// <summary>What is sent at once: the layers below copy it.</summary>
    public const int FragmentBytes = 64 * 1024;

    public static async Task WriteAsync<T>(HttpContext context, Authority authority, T page)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(page, ProtocolJson.Options);
        if (!HttpRequests.AccountOf(context).TryGrow(body.Length)) throw new ShareRpcException(ErrorCode.Overloaded);
        HttpAnswer.BeginJson(context);
        context.Response.ContentLength = body.Length;
        await SendAsync(context, authority, body).ConfigureAwait(false);
    }

    /// <summary>
    /// Sends bytes, and what was written before them. While others wait for memory the peer must take them at a pace.
    /// </summary>
    public static async Task SendAsync(HttpContext context, Authority authority, ReadOnlyMemory<byte> bytes)
    {
        using CancellationTokenSource ending = EndingOf(context, authority);
        MemoryAccount account = HttpRequests.AccountOf(context);
        account.BeginReceiving();
        try
        {
            for (int at = 0; at < bytes.Length; at += FragmentBytes)
            {
                ReadOnlyMemory<byte> fragment = bytes[at..Math.Min(at + FragmentBytes, bytes.Length)];
                FlushResult flushed =
                    await context.Response.BodyWriter.WriteAsync(fragment, ending.Token).ConfigureAwait(false);
                if (flushed.IsCompleted) throw new OperationCanceledException();
                account.NoteArrived(fragment.Length);
            }
        }
        finally
        {
            account.EndReceiving();
        }
    }

    private static CancellationTokenSource EndingOf(HttpContext context, Authority authority) =>
        CancellationTokenSource.CreateLinkedTokenSource(authority.Denied, context.RequestAborted);
}
