using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Limits;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.CapnWeb.Sessions;
using ShareRpc.Server.CapnWeb.Values;
using ShareRpc.Server.Connections;
using ShareRpc.Server.Connections.Handles;
using ShareRpc.Server.Http;
using ShareRpc.Server.Diagnostics;
using ShareRpc.Server.Memory;

namespace ShareRpc.Server.CapnWeb;

/// <summary>A session in one request: a message a line. The answers leave once the body has been read.</summary>
internal sealed class CapBatch(
    ServerOptions options, Redeemer redeemer, MemoryBudget memory, TimeProvider time, ServerMetrics metrics,
    ILogger<CapBatch> log)
{
    private readonly ServerLimits limits = options.ServerLimits;

    public async Task HandleAsync(HttpContext context, Func<CapHost, CapTarget> main, bool isProven)
    {
        string? address = ClientAddress.Of(context);
        using var state = new SessionState(address, options);
        if (isProven) state.Prove();
        using MemoryAccount replies = memory.Open(address, context.Abort);
        using MemoryAccount results = memory.Open(address, context.Abort);
        var ledger = new CallLedger(int.MaxValue, context.Abort, limits.CapnwebExports + 1);
        var read = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var unsent = new UnsentMemory(replies);
        var outgoing = new Outgoing(bytes => SendAsync(context, read.Task, bytes), unsent, ledger);
        var parts = new CapSessionParts(outgoing, new UnsentMemory(results), ledger,
            new RpcErrors(limits.StorageRetryAfter, connection: 0, metrics, log), options.Limits.CallsInFlight,
            limits.CapnwebExports, HasWayBack: false);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        var wrongTokens = new WrongTokens(state, redeemer, options.Limits.CallsInFlight);
        using var session = new CapSession(main(new CapHost(context, state, wrongTokens, ended.Token)), parts);
        state.OnDenied = () => _ = ledger.AbortUnlessDrainedAsync(limits.RevokedDrainTime);
        try
        {
            await TakeAllAsync(context, session, state).ConfigureAwait(false);
            context.Response.ContentType = "text/plain; charset=utf-8";
            read.SetResult();
            await session.FinishAsync().WaitAsync(context.RequestAborted).ConfigureAwait(false);
        }
        catch (CapProtocolException broken)
        {
            session.Abort(broken.Message);
            read.TrySetResult();
        }
        finally
        {
            read.TrySetCanceled();
            await ended.CancelAsync().ConfigureAwait(false);
        }

        await ledger.WhenIdleAsync().WaitAsync(context.RequestAborted).ConfigureAwait(false);
    }

    private static async ValueTask SendAsync(HttpContext context, Task read, ReadOnlyMemory<byte> message)
    {
        await read.ConfigureAwait(false);
        PipeWriter writer = context.Response.BodyWriter;
        if (context.Response.HasStarted) writer.Write("\n"u8);
        await writer.WriteAsync(message, context.RequestAborted).ConfigureAwait(false);
    }

    private async Task TakeAllAsync(HttpContext context, CapSession session, SessionState state)
    {
        using var body = new HttpBody(context, limits.HttpBodyBytes, limits, time);
        long passed = 0;
        long left = 0;
        int wanted = 0;
        while (true)
        {
            ReadResult read = await body.ReadAtLeastAsync(wanted, left, keptBytes: 0).ConfigureAwait(false);
            ReadOnlySequence<byte> rest = read.Buffer;
            if (passed + rest.Length > limits.HttpBodyBytes) throw new ShareRpcException(ErrorCode.TooLarge);
            SequencePosition examined = rest.End;
            try
            {
                while (TryTakeLine(ref rest, read.IsCompleted, out ReadOnlySequence<byte> line))
                {
                    Take(session, line);
                    await session.WhenReadyAsync().ConfigureAwait(false);
                }

                passed += read.Buffer.Length - rest.Length;
                left = rest.Length;
                wanted = (int)Math.Min(left * 2, options.Limits.FrameBytes + 1L);
            }
            finally
            {
                body.AdvanceTo(rest.Start, examined);
            }

            if (read.IsCompleted) return;
            if (left > options.Limits.FrameBytes) throw new ShareRpcException(ErrorCode.TooLarge);
            if (passed + left <= ProtocolLimits.UnprovenBytes) continue;

            // Nobody has proven anything yet: what was sent so far must do it.
            await session.WhenIdleAsync().WaitAsync(context.RequestAborted).ConfigureAwait(false);
            if (!state.IsProven) throw new ShareRpcException(ErrorCode.TooLarge);
        }
    }

    private static void Take(CapSession session, ReadOnlySequence<byte> line)
    {
        if (line.IsEmpty) return;
        if (line.IsSingleSegment) session.Take(line.FirstSpan);
        else session.Take(line.ToArray());
    }

    private static bool TryTakeLine(ref ReadOnlySequence<byte> rest, bool isLast, out ReadOnlySequence<byte> line)
    {
        if (rest.PositionOf((byte)'\n') is { } end)
        {
            line = rest.Slice(0, end);
            rest = rest.Slice(rest.GetPosition(1, end));
            return true;
        }

        line = rest;
        if (!isLast || rest.IsEmpty) return false;
        rest = rest.Slice(rest.End);
        return true;
    }
}
