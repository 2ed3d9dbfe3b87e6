using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;

namespace ShareRpc.Server.Pages;

internal sealed record PageFile(string ContentType, byte[] Plain, byte[]? Brotli = null, byte[]? Gzip = null)
{
    /// <summary>Returns the page with what previews of links say of it, the same for every link.</summary>
    public PageFile WithPreview(string title, string description)
    {
        string html = Encoding.UTF8.GetString(Plain);
        return new PageFile(ContentType, Encoding.UTF8.GetBytes(html
            .Replace("PREVIEW_TITLE", HtmlEncoder.Default.Encode(title), StringComparison.Ordinal)
            .Replace("PREVIEW_DESCRIPTION", HtmlEncoder.Default.Encode(description), StringComparison.Ordinal)));
    }

    public async Task WriteAsync(HttpContext context)
    {
        HttpResponse response = context.Response;
        string accepted = context.Request.Headers.AcceptEncoding.ToString();
        byte[] body = Plain;
        if (Brotli is not null || Gzip is not null) response.Headers.Vary = "Accept-Encoding";
        if (Brotli is not null && Accepts(accepted, "br")) (body, response.Headers.ContentEncoding) = (Brotli, "br");
        else if (Gzip is not null && Accepts(accepted, "gzip"))
            (body, response.Headers.ContentEncoding) = (Gzip, "gzip");
        response.ContentType = ContentType;
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method)) await response.Body.WriteAsync(body).ConfigureAwait(false);
    }

    private static bool Accepts(string accepted, string encoding) =>
        accepted.Split(',').Select(part => part.Split(';')).Any(part =>
        part[0].Trim().Equals(encoding, StringComparison.OrdinalIgnoreCase)
        && !part.Skip(1).Any(weight =>
            weight.Replace(" ", "", StringComparison.Ordinal) is "q=0" or "q=0.0" or "q=0.00" or "q=0.000"));
}
