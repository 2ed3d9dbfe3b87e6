using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.Connections;
using ShareRpc.Server.Http;
using ShareRpc.Server.Read;

namespace ShareRpc.Server.Mcp;

/// <summary>
/// POST <c>/mcp</c>: MCP over Streamable HTTP without sessions. The capability token is in <c>Authorization: Bearer</c>
/// and is redeemed with each message, as on every other HTTP route; the tools only read.
/// </summary>
internal sealed class McpEndpoint(
    HttpAccess access, ShareReads reads, ServerLimits limits, TimeProvider time, IHostApplicationLifetime lifetime)
    : IAsyncDisposable
{
    /// <summary>What a page and its encodings take.</summary>
    private const int AnswerBytes = 512 * 1024;

    /// <summary>What one address may have at once in any case.</summary>
    private const int CallsOfOne = 4;

    private readonly FairPlaces places = new(limits.McpCalls, CallsOfOne);
    private readonly Lazy<McpRoutes> routes = new(() => new McpRoutes(lifetime));

    public async Task PostAsync(HttpContext context)
    {
        using HttpAuthority authority = await access
            .RedeemShareAsync(HttpAccess.BearerOf(context.Request), shareId: null, context).ConfigureAwait(false);
        authority.Authority.Demand(Rights.Read);
        string network = ClientAddress.NetworkOf(ClientAddress.Of(context));
        if (!places.TryTake(network)) throw Overloaded();
        try
        {
            await AnswerAsync(context, authority).ConfigureAwait(false);
        }
        finally
        {
            places.Give(network);
        }
    }

    public ValueTask DisposeAsync() => routes.IsValueCreated ? routes.Value.DisposeAsync() : ValueTask.CompletedTask;

    private async Task AnswerAsync(HttpContext context, HttpAuthority authority)
    {
        using var body = new HttpBody(context, HttpBody.SmallBytes, limits, time);
        ReadOnlyMemory<byte> message = await body.ReadWholeAsync().ConfigureAwait(false);
        using var copy = new MemoryStream(message.ToArray(), writable: false);
        context.Request.Body = copy;
        if (!await HttpRequests.AccountOf(context).GrowAsync(AnswerBytes, context.RequestAborted)
            .ConfigureAwait(false)) throw Overloaded();
        var services = new McpCall(context.RequestServices)
        {
            Authority = authority.Authority, Reads = reads, Account = HttpRequests.AccountOf(context),
            Aborted = context.RequestAborted,
        };

        // A revocation reaches an answer that is being written (I7).
        await using CancellationTokenRegistration ending = authority.Authority.Denied.Register(context.Abort);
        context.RequestServices = services;
        try
        {
            await routes.Value.Post(context).ConfigureAwait(false);
        }
        finally
        {
            context.RequestServices = services.Outer;
        }
    }

    private ShareRpcException Overloaded() => new(ErrorCode.Overloaded) { RetryAfter = limits.OverloadedRetryAfter };
}
