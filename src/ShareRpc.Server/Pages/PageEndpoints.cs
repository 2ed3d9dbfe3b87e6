using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Access.Redeeming;

namespace ShareRpc.Server.Pages;

/// <summary>
/// Pages load from this server only, run no inline script, and contain nothing of the request but a preview that this
/// server has signed.
/// </summary>
internal sealed partial class PageEndpoints(PageFiles files, ServerOptions options, TokenVerifier keys)
{
    private const string Forever = "public, max-age=31536000, immutable";
    private readonly PageFile viewer = files.Viewer.WithPreview(options.PreviewTitle, options.PreviewDescription);
    private readonly PageFile? landing =
        files.Landing?.WithPreview(options.PreviewTitle, options.PreviewDescription);

    public Task ViewerAsync(HttpContext context)
    {
        string share = (string)context.Request.RouteValues["share"]!;
        LinkPreview? chosen = LinkPreview.Read(context.Request.Query[LinkPreview.Parameter], share, keys);
        return PageAsync(
            context, chosen is null ? viewer : files.Viewer.WithPreview(chosen.Title, chosen.Description));
    }

    /// <summary>Answers at the root, with a slash: its assets are relative to it.</summary>
    public Task LandingAsync(HttpContext context)
    {
        string path = context.Request.Path.ToUriComponent();
        if (path.EndsWith('/')) return WriteAsync(context, landing);
        context.Response.Redirect($"{path.Split('/')[^1]}/{context.Request.QueryString}");
        return Task.CompletedTask;
    }

    public Task AdminAsync(HttpContext context) => PageAsync(context, files.Admin);

    public Task AssetAsync(HttpContext context)
    {
        PageFile asset = files.Asset((string)context.Request.RouteValues["name"]!)
            ?? throw new ShareRpcException(ErrorCode.NotFound);
        context.Response.Headers.CacheControl = Forever;
        return asset.WriteAsync(context);
    }

    private Task PageAsync(HttpContext context, PageFile? page)
    {
        string path = context.Request.Path.ToUriComponent();
        if (path.EndsWith('/'))
        {
            // One level too deep for relative assets. The browser keeps the fragment.
            context.Response.Redirect($"../{path.TrimEnd('/').Split('/')[^1]}{context.Request.QueryString}");
            return Task.CompletedTask;
        }

        return WriteAsync(context, page);
    }

    private Task WriteAsync(HttpContext context, PageFile? page)
    {
        if (page is null) throw new ShareRpcException(ErrorCode.NotFound);
        context.Response.Headers.ContentSecurityPolicy = Policy(
            context.Request.Host.Value ?? "", options.EmbedOrigins);
        context.Response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
        return page.WriteAsync(context);
    }

    /// <summary>Names the WebSocket host if it is plain: older browsers do not match it by 'self'.</summary>
    private static string Policy(string host, IReadOnlyList<string> embedding)
    {
        string ancestors = embedding.Count == 0
            ? "'none'" : string.Join(' ', embedding.Select(Origin));
        string sockets = HostName().IsMatch(host) ? $" ws://{host} wss://{host}" : "";
        return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
            + $"connect-src 'self'{sockets}; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}; "
            + "worker-src 'self'; require-trusted-types-for 'script'; trusted-types lit-html dompurify sharerpc-worker";
    }

    private static string Origin(string text) => new Uri(text).GetLeftPart(UriPartial.Authority);

    [GeneratedRegex(@"^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\z")]
    private static partial Regex HostName();
}
