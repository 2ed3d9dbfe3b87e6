using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Access;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Http;

/// <summary>Wraps the HTTP API: request limit, error form, no paths in logs.</summary>
internal sealed class HttpRequests(ServerLimits limits, ClientAddress addresses, ILogger<HttpRequests> log)
{
    private int open;

    public async Task HandleAsync(HttpContext context, RequestDelegate endpoint)
    {
        addresses.Apply(context);
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
            // The template: path segments may be bearer secrets (I10).
            log.HttpFailed(exception, (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "");
            await RefuseAsync(context, RefusalOf(exception)).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref open);
        }
    }

    private ShareRpcException RefusalOf(Exception exception)
    {
        if (exception is not StorageException medium) return new ShareRpcException(ErrorCode.Internal);
        if (medium.Failure == StorageFailure.Damaged) log.StorageDamaged();
        return new ShareRpcException(ErrorCode.StorageUnavailable) { RetryAfter = limits.StorageRetryAfter };
    }

    private static Task RefuseAsync(HttpContext context, ShareRpcException error)
    {
        if (!context.Response.HasStarted) return HttpAnswer.ErrorAsync(context, error);
        context.Abort(); // half an answer must not look like a whole one
        return Task.CompletedTask;
    }
}
