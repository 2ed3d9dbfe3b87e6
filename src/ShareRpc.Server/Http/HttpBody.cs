using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Server.Memory;

namespace ShareRpc.Server.Http;

/// <summary>
/// The body of a request while it arrives. Its memory counts as the bytes come, and a body that comes too slowly ends
/// its connection. Errors: <c>too_large</c>, <c>overloaded</c> when there is no memory in time.
/// </summary>
internal sealed class HttpBody : IDisposable
{
    /// <summary>The most that a caller may send who has not proven anything.</summary>
    public const int SmallBytes = 64 * 1024;

    private const int StepBytes = 64 * 1024;
    private readonly HttpContext context;
    private readonly PipeReader reader;
    private readonly int mostBytes;
    private readonly MemoryAccount account;
    private readonly ServerLimits limits;
    private readonly Pace pace;
    private ReceivedBytes? whole;

    /// <param name="context">The request.</param>
    /// <param name="mostBytes">The longest body that is taken.</param>
    /// <param name="limits">Rate, and how long to wait for memory.</param>
    /// <param name="time">The clock of the waits.</param>
    public HttpBody(HttpContext context, int mostBytes, ServerLimits limits, TimeProvider time)
    {
        this.context = context;
        this.mostBytes = mostBytes;
        this.limits = limits;
        account = HttpRequests.AccountOf(context);
        reader = context.Request.BodyReader;
        pace = new Pace(limits.HttpBodyRate, limits.FrameGrace, time);

        // Before the refusal: then the server takes what is still being sent for a moment, and the caller gets to read
        // it.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        if (context.Request.ContentLength > mostBytes) throw new ShareRpcException(ErrorCode.TooLarge);
        account.BeginReceiving();
    }

    /// <summary>
    /// Reads a small JSON body; null when it is <c>null</c>. Throws <c>invalid_params</c> for anything else.
    /// </summary>
    public static async Task<T?> ReadSmallAsync<T>(HttpContext context, ServerLimits limits, TimeProvider time)
        where T : class
    {
        using var body = new HttpBody(context, SmallBytes, limits, time);
        try
        {
            return JsonSerializer.Deserialize<T>((await body.ReadWholeAsync().ConfigureAwait(false)).Span,
                ProtocolJson.Options);
        }
        catch (JsonException)
        {
            throw new ShareRpcException(ErrorCode.InvalidParams);
        }
    }

    /// <summary>Reads all of it, and counts what will be made of it. Good until this is disposed.</summary>
    public async Task<ReadOnlyMemory<byte>> ReadWholeAsync()
    {
        whole = new ReceivedBytes(() => account, mostBytes, uncounted: 0);
        while (true)
        {
            ReadResult read = await pace.WaitAsync(reader.ReadAsync(context.RequestAborted),
                context.RequestAborted).ConfigureAwait(false);
            if (whole.Written.Length + read.Buffer.Length > mostBytes) throw new ShareRpcException(ErrorCode.TooLarge);
            pace.Note(read.Buffer.Length);
            foreach (ReadOnlyMemory<byte> segment in read.Buffer) await AddAsync(whole, segment).ConfigureAwait(false);
            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) break;
        }

        account.EndReceiving();
        if (!await whole.CountCopyAsync(context.RequestAborted).ConfigureAwait(false)) throw Overloaded();
        return whole.Written;
    }

    /// <summary>
    /// Waits until so many bytes are there, or the end. The caller advances. What it keeps of what has passed is its
    /// own to count.
    /// </summary>
    /// <param name="atLeast">How many bytes must be there; what is there already does not suffice.</param>
    /// <param name="buffered">How many are there already.</param>
    /// <param name="keptBytes">What the caller still holds of earlier ones.</param>
    public async ValueTask<ReadResult> ReadAtLeastAsync(int atLeast, long buffered, long keptBytes)
    {
        while (true)
        {
            // Twice: what is being received, and the op made of it.
            long most = Math.Min(buffered + StepBytes, context.Request.ContentLength ?? mostBytes);
            await HoldAsync((2 * most) + keptBytes).ConfigureAwait(false);
            ReadResult read = await pace.WaitAsync(reader.ReadAsync(context.RequestAborted),
                context.RequestAborted).ConfigureAwait(false);
            int arrived = (int)Math.Max(0, read.Buffer.Length - buffered);
            buffered = read.Buffer.Length;
            pace.Note(arrived);
            account.NoteArrived(arrived);
            if (read.IsCompleted || buffered >= atLeast) return read;
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>Tells what of the last read is done with, and what was looked at.</summary>
    public void AdvanceTo(SequencePosition consumed, SequencePosition examined) => reader.AdvanceTo(consumed, examined);

    public void Dispose()
    {
        account.EndReceiving();
        whole?.GiveBack();
    }

    private async ValueTask AddAsync(ReceivedBytes received, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (received.Free.IsEmpty && !await received.GrowAsync(context.RequestAborted).ConfigureAwait(false))
                throw Overloaded();
            int count = Math.Min(bytes.Length, received.Free.Length);
            bytes[..count].CopyTo(received.Free);
            received.Advance(count);
            bytes = bytes[count..];
        }
    }

    private async ValueTask HoldAsync(long bytes)
    {
        long more = bytes - account.Held;
        if (more < 0) account.Shrink(-more);
        else if (more > 0 && !await account.GrowAsync(more, context.RequestAborted).ConfigureAwait(false))
            throw Overloaded();
    }

    private ShareRpcException Overloaded() => new(ErrorCode.Overloaded) { RetryAfter = limits.OverloadedRetryAfter };
}
