using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Http;

/// <summary>What stands around every endpoint of the HTTP API: so many at once, one form of errors, and no path in a log.</summary>
internal sealed class HttpRequests(ServerLimits limits, ILogger log)
{
    private int open;

    /// <summary>The endpoint, guarded.</summary>
    public RequestDelegate Guard(RequestDelegate endpoint) => async context =>
    {
        HttpAnswer.SetHeaders(context.Response);
        try
        {
            if (Interlocked.Increment(ref open) > limits.HttpRequests)
            {
                throw new ShareRpcException(ErrorCode.Overloaded) { RetryAfter = limits.OverloadedRetryAfter };
            }

            await endpoint(context).ConfigureAwait(false);
        }
        catch (ShareRpcException error)
        {
            await RefuseAsync(context, error).ConfigureAwait(false);
        }
        catch (BadHttpRequestException error)
        {
            bool isTooLarge = error.StatusCode == StatusCodes.Status413PayloadTooLarge;
            var refusal = new ShareRpcException(isTooLarge ? ErrorCode.TooLarge : ErrorCode.InvalidParams);
            await RefuseAsync(context, refusal).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            context.Abort(); // the caller has gone, or what it was being given is no longer its to have
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The template, never the path: its segments may be bearer secrets (I10).
            log.HttpFailed(exception, (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "");
            await RefuseAsync(context, new ShareRpcException(ErrorCode.Internal)).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref open);
        }
    };

    private static Task RefuseAsync(HttpContext context, ShareRpcException error)
    {
        if (!context.Response.HasStarted) return HttpAnswer.ErrorAsync(context, error);
        context.Abort(); // half an answer must not look like a whole one
        return Task.CompletedTask;
    }
}
