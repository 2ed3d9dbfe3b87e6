using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Server.Access;

namespace ShareRpc.Server.Http;

/// <summary>Output under an authority: revocation cuts off slow readers (I7).</summary>
internal static class HttpPages
{
    public static async Task WriteAsync<T>(HttpContext context, Authority authority, T page)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(page, ProtocolJson.Options);
        if (!HttpRequests.AccountOf(context).TryGrow(body.Length)) throw new ShareRpcException(ErrorCode.Overloaded);
        HttpAnswer.BeginJson(context);
        context.Response.ContentLength = body.Length;
        using CancellationTokenSource ending = EndingOf(context, authority);
        await context.Response.BodyWriter.WriteAsync(body, ending.Token).ConfigureAwait(false);
    }

    public static async Task FlushAsync(HttpContext context, Authority authority)
    {
        using CancellationTokenSource ending = EndingOf(context, authority);
        FlushResult flushed = await context.Response.BodyWriter.FlushAsync(ending.Token).ConfigureAwait(false);
        if (flushed.IsCompleted) throw new OperationCanceledException();
    }

    private static CancellationTokenSource EndingOf(HttpContext context, Authority authority) =>
        CancellationTokenSource.CreateLinkedTokenSource(authority.Denied, context.RequestAborted);
}
