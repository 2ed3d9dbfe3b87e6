using System.Text.Json;
using Microsoft.AspNetCore.Http;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;

namespace ShareRpc.Server.Http;

internal static class HttpAnswer
{
    private const string Json = "application/json; charset=utf-8";

    /// <summary>Sets headers for all answers, since paths and bodies may be secret.</summary>
    public static void SetHeaders(HttpResponse response)
    {
        response.Headers.CacheControl = "no-store";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["X-Robots-Tag"] = "noindex, nofollow";
    }

    public static void BeginJson(HttpContext context, int status = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = Json;
    }

    public static Task JsonAsync<T>(HttpContext context, T value, int status = StatusCodes.Status200OK)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(value, ProtocolJson.Options);
        BeginJson(context, status);
        context.Response.ContentLength = body.Length;
        return context.Response.Body.WriteAsync(body).AsTask();
    }

    /// <summary>Writes <c>{code, transient, hint, ...}</c>.</summary>
    public static Task ErrorAsync(HttpContext context, ShareRpcException error, int? status = null, string? hint = null)
    {
        HttpResponse response = context.Response;
        int answered = status ?? HttpStatus.Of(error.Code);
        if (answered == StatusCodes.Status401Unauthorized) response.Headers.WWWAuthenticate = "Bearer";
        if (error.IsTransient && answered >= StatusCodes.Status429TooManyRequests)
        {
            response.Headers.RetryAfter =
                Math.Max(1, (int)Math.Ceiling(error.RetryAfter?.TotalSeconds ?? 1)).ToString("D", null);
        }

        ErrorData data = ErrorData.From(error);
        return JsonAsync(context, hint is null ? data : data with { Hint = hint }, answered);
    }
}
