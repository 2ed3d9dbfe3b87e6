using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Access;
using ShareRpc.Server.Connections;
using ShareRpc.Server.Diagnostics;
using ShareRpc.Server.Memory;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Http;

/// <summary>Wraps the HTTP API: request limit, memory, error form, no paths in logs.</summary>
internal sealed class HttpRequests(
    ServerLimits limits, ClientAddress addresses, MemoryBudget memory, ServerMetrics metrics,
    ILogger<HttpRequests> log)
{
    private readonly FairPlaces places = new(limits.HttpRequests);

    /// <summary>Returns what the memory of a request counts against.</summary>
    public static MemoryAccount AccountOf(HttpContext context) => context.Features.GetRequiredFeature<MemoryAccount>();

    public async Task HandleAsync(HttpContext context, RequestDelegate endpoint)
    {
        addresses.Apply(context);
        HttpAnswer.SetHeaders(context.Response);
        string? address = ClientAddress.Of(context);
        string network = ClientAddress.NetworkOf(address);
        using MemoryAccount account = memory.Open(address, context.Abort);
        context.Features.Set(account);
        bool isPlace = places.TryTake(network);
        try
        {
            if (!isPlace)
                throw new ShareRpcException(ErrorCode.Overloaded) { RetryAfter = limits.OverloadedRetryAfter };

            Activity? span = ServerTracing.BeginCall(RouteOf(context), context.Request.Headers.TraceParent);
            if (span is not null) Activity.Current = span;
            try
            {
                await endpoint(context).ConfigureAwait(false);
            }
            finally
            {
                ServerTracing.End(span);
            }
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
        catch (Exception exception) when (exception is OperationCanceledException or IOException or TimeoutException)
        {
            context.Abort(); // the caller has gone or sends too slowly, or may no longer have what it was being given
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            log.HttpFailed(exception, RouteOf(context));
            await RefuseAsync(context, RefusalOf(exception)).ConfigureAwait(false);
        }
        finally
        {
            if (isPlace) places.Give(network);
        }
    }

    /// <summary>Returns the template: path segments may be bearer secrets (I10).</summary>
    private static string RouteOf(HttpContext context) =>
        (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "";

    private ShareRpcException RefusalOf(Exception exception)
    {
        if (exception is not StorageException medium) return new ShareRpcException(ErrorCode.Internal);
        if (medium.Failure == StorageFailure.Damaged) log.StorageDamaged();
        return new ShareRpcException(ErrorCode.StorageUnavailable) { RetryAfter = limits.StorageRetryAfter };
    }

    private Task RefuseAsync(HttpContext context, ShareRpcException error)
    {
        metrics.Answered(error.Code);
        if (!context.Response.HasStarted) return HttpAnswer.ErrorAsync(context, error);
        context.Abort(); // half an answer must not look like a whole one
        return Task.CompletedTask;
    }
}
