using System.Text;
using Microsoft.AspNetCore.Http;

namespace ShareRpc.Server.Http;

/// <summary>
/// What a browser gets under a link: how to read it with what is there. The same bytes for every link, right or wrong, since the link is
/// not even looked at.
/// </summary>
internal static class SharePage
{
    private static readonly byte[] Html = Encoding.UTF8.GetBytes("""
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <meta name="referrer" content="no-referrer">
        <meta name="robots" content="noindex, nofollow">
        <title>A shared session</title>
        <h1>A shared session</h1>
        <p>The address of this page is a key to it: whoever has the address can read the session.</p>
        <p>To follow it in a terminal, give the whole address, in quotes, to <code>sharerpc watch</code>.</p>
        <p>To go on with it in opencode, give an address with <code>/share/</code> in it to <code>opencode import</code>.</p>
        </html>
        """);

    public static async Task WriteAsync(HttpContext context)
    {
        HttpResponse response = context.Response;
        response.Headers.ContentSecurityPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        response.ContentType = "text/html; charset=utf-8";
        response.ContentLength = Html.Length;
        if (!HttpMethods.IsHead(context.Request.Method)) await response.Body.WriteAsync(Html).ConfigureAwait(false);
    }
}
