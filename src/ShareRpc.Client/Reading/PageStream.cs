using System.Threading.Channels;
using ShareRpc.Client.Connection;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Rpc;

namespace ShareRpc.Client.Reading;

/// <summary>
/// A subscription on a connection (SPEC [SUB-1]): pages as the server pushes them, within its credit. One caller at a
/// time.
/// </summary>
internal sealed class PageStream : IDisposable
{
    private const int MostCredit = 1024 * 1024;
    private readonly RpcConnection connection;
    private readonly Channel<PushedPage> pages = Channel.CreateUnbounded<PushedPage>();
    private readonly CancellationTokenSource ending = new();
    private readonly Task<OpPage> end;
    private readonly int number;
    private readonly int credit;
    private int used;

    /// <param name="connection">Its connection.</param>
    /// <param name="share">The live share.</param>
    /// <param name="after">The cursor to follow from.</param>
    /// <param name="number">A number that no other one of the connection has had.</param>
    /// <param name="limit">The server's limit of credit.</param>
    public PageStream(RpcConnection connection, IShareHandle share, long after, int number, int limit)
    {
        (this.connection, this.number, Cursor) = (connection, number, after);
        credit = Math.Min(MostCredit, limit);
        connection.OnPage = page =>
        {
            if (page.Subscription == number) pages.Writer.TryWrite(page);
        };
        var request = new SubscribeRequest { After = after, Credit = credit, Subscription = number };
        end = RpcConnection.CallAsync(() => share.SubscribeAsync(request, ending.Token));
    }

    /// <summary>Gets the cursor of the last page that was taken.</summary>
    public long Cursor { get; private set; }

    /// <summary>Waits for a page; the last one, without ops, tells how the subscription ended.</summary>
    public async Task<OpPage> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (pages.Reader.TryRead(out PushedPage? page)) return await TakeAsync(page).ConfigureAwait(false);
            Task<bool> more = pages.Reader.WaitToReadAsync(cancellationToken).AsTask();
            if (await Task.WhenAny(more, end).ConfigureAwait(false) == more)
            {
                await more.ConfigureAwait(false);
                continue;
            }

            OpPage last = await end.ConfigureAwait(false);
            if (Cursor >= last.Cursor) return last;
            await more.ConfigureAwait(false); // the answer has overtaken a page on this side
        }
    }

    /// <summary>Cancels the subscription, without waiting.</summary>
    public void Dispose()
    {
        ending.Cancel();
        ending.Dispose();
        _ = end.ContinueWith(ended => ended.Exception, CancellationToken.None, TaskContinuationOptions.None,
            TaskScheduler.Default);
    }

    private async ValueTask<OpPage> TakeAsync(PushedPage page)
    {
        Cursor = page.Cursor;
        used += page.Bytes;
        if (used >= credit / 2)
        {
            var request = new CreditRequest { Subscription = number, Bytes = used };
            used = 0;
            await connection.GiveCreditAsync(request).ConfigureAwait(false);
        }

        return new OpPage
        {
            Ops = page.Ops, Cursor = page.Cursor, Head = page.Head, Writing = page.Writing,
            Generation = page.Generation,
        };
    }
}
