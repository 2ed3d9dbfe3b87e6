using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using ShareRpc.Protocol.Json;
using ShareRpc.Server.Access;

namespace ShareRpc.Server.Http;

/// <summary>What leaves under an authority: a reader that takes its time is cut off when its access is taken back (I7).</summary>
internal static class HttpPages
{
    /// <summary>A page that has passed its check, as JSON.</summary>
    public static async Task WriteAsync<T>(HttpContext context, Authority authority, T page)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(page, ProtocolJson.Options);
        HttpAnswer.BeginJson(context);
        context.Response.ContentLength = body.Length;
        using CancellationTokenSource ending = EndingOf(context, authority);
        await context.Response.BodyWriter.WriteAsync(body, ending.Token).ConfigureAwait(false);
    }

    /// <summary>Ends once the reader has taken enough of what was written. Ends cancelled when it has gone, or may have no more.</summary>
    public static async Task FlushAsync(HttpContext context, Authority authority)
    {
        using CancellationTokenSource ending = EndingOf(context, authority);
        FlushResult flushed = await context.Response.BodyWriter.FlushAsync(ending.Token).ConfigureAwait(false);
        if (flushed.IsCompleted) throw new OperationCanceledException();
    }

    private static CancellationTokenSource EndingOf(HttpContext context, Authority authority) =>
        CancellationTokenSource.CreateLinkedTokenSource(authority.Denied, context.RequestAborted);
}
