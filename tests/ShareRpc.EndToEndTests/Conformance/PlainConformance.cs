using System.Diagnostics;
using System.Text.Json;
using ShareRpc.Client;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Conformance;

/// <summary>
/// Is the plain writer of the kit over <see cref="AdminClient.AppendAsync"/>: one batch at a time, without an outbox,
/// sent again until it is answered.
/// </summary>
internal sealed class PlainConformance(ShareLink link, Action<string, string> park) : IAsyncDisposable
{
    /// <summary>After so many losses a batch is split; the library does not say what the server closed with.</summary>
    private const int MostLosses = 2;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(30);
    private AdminClient? access;

    /// <summary>Appends the ops; false when the capability is of no more use.</summary>
    public async Task<bool> AppendAsync(TextReader lines)
    {
        var left = new List<OpIntent>();
        while (await lines.ReadLineAsync() is { } line)
            left.Add(JsonSerializer.Deserialize<OpIntent>(line, ProtocolJson.Options)!);
        int most = left.Count;
        while (left.Count > 0)
        {
            int size;
            try
            {
                size = Math.Min(most, (await OpenAsync()).Limits.BatchOps);
                List<OpIntent> ops = [.. left.Take(size)];
                if (await TryAppendAsync(ops))
                {
                    left.RemoveRange(0, ops.Count);
                    continue;
                }

                most = ops.Count / 2;
            }
            catch (ShareRpcException)
            {
                return false;
            }
        }

        return true;
    }

    public async ValueTask DisposeAsync()
    {
        if (access is not null) await access.DisposeAsync();
        access = null;
    }

    /// <summary>Returns false when the batch is to be split.</summary>
    private async Task<bool> TryAppendAsync(List<OpIntent> ops)
    {
        var batch = new OpBatch { BatchId = OpId.New(), Ops = ops };
        for (int losses = 0; ;)
        {
            try
            {
                Ack ack = await (await OpenAsync()).AppendAsync(batch);
                foreach (Rejection op in ack.Rejected) park(op.OpId, op.Code);
                return true;
            }
            catch (DisconnectedException)
            {
                await DisposeAsync();
                if (++losses >= MostLosses && ops.Count > 1) return false;
                if (losses > 2 * MostLosses) return Park(ops[0], ErrorCodes.NameOf(ErrorCode.TooLarge));
            }
            catch (ShareRpcException error) when (error.Action is ErrorAction.Split or ErrorAction.Park)
            {
                return ops.Count == 1 && Park(ops[0], ErrorCodes.NameOf(error.Code));
            }
            catch (ShareRpcException error) when (error.Action is ErrorAction.Retry or ErrorAction.Redeem)
            {
                if (error.Action == ErrorAction.Redeem) await DisposeAsync();
                await WaitAsync(error.RetryAfter ?? TimeSpan.Zero);
            }
        }
    }

    private bool Park(OpIntent op, string code)
    {
        park(op.OpId, code);
        return true;
    }

    private async Task<AdminClient> OpenAsync()
    {
        while (access is null)
        {
            try
            {
                access = await AdminClient.OpenShareAsync(link);
            }
            catch (DisconnectedException)
            {
                await WaitAsync(TimeSpan.Zero);
            }
            catch (ShareRpcException error) when (error.Action is ErrorAction.Retry or ErrorAction.Redeem)
            {
                await WaitAsync(error.RetryAfter ?? TimeSpan.Zero);
            }
        }

        return access;
    }

    private static async Task WaitAsync(TimeSpan atLeast)
    {
        long begun = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begun) < atLeast + Pause) await Task.Delay(Pause, TimeProvider.System);
    }
}
