using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Errors;

namespace ShareRpc.Cli.Sharing;

internal static class Delivery
{
    private const int Load = 10;
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Waits until all is sent; returns false if nothing was acknowledged or refused for the timeout.
    /// </summary>
    public static async Task<bool> EndsAsync(
        Task settled, Func<IReadOnlyList<SharedSession>> shared, TimeSpan timeout, TimeProvider time,
        CancellationToken stop)
    {
        TimeSpan pause = LookInterval;
        long acked = -1;
        long since = time.GetTimestamp();
        while (!settled.IsCompleted)
        {
            await Task.WhenAny(settled, Task.Delay(pause, time, stop)).ConfigureAwait(false);
            stop.ThrowIfCancellationRequested();
            long began = time.GetTimestamp();
            long now = shared().Select(session => session.Status).Sum(status => status.Acked + status.Failed);
            pause = LookInterval + (time.GetElapsedTime(began) * Load); // of many shares it takes long
            if (now != acked) since = time.GetTimestamp();
            acked = now;
            if (time.GetElapsedTime(since) > timeout) return false;
        }

        return true;
    }

    public static CliException TimedOut(IReadOnlyList<SharedSession> shared)
    {
        if (shared.Select(session => session.Status.Failure).FirstOrDefault(one => one is not null) is { } failure)
            return new CliException(ExitCode.Error, $"{Failure.Of(failure).Message} Everything is safely queued.");
        bool isTrying = SharingTotals.Of(shared).Connection != ConnectionState.Idle;
        return new CliException(ExitCode.Unreachable, isTrying
            ? "The server does not answer. Everything is safely queued; the next sharerpc share sends it, and the "
                + "links work then."
            : "Another sharerpc process sends from this outbox, or did seconds ago. Everything is safely queued. Run "
                + "the "
                + "command again.");
    }

    public static int Outcome(IReadOnlyList<SharedSession> shared)
    {
        WriterStatus? closed =
            shared.Select(session => session.Status).FirstOrDefault(status => status.ClosedCode is not null);
        if (closed is not null)
            throw new CliException(ExitCode.Denied, $"The server refuses: {HintOf(closed.ClosedCode!)}");
        long failed = shared.Sum(session => session.Failed);
        if (failed == 0) return ExitCode.Ok;
        throw new CliException(ExitCode.Error,
            $"{failed} op(s) or request(s) were refused. Run sharerpc outbox status.");
    }

    private static string HintOf(string code) =>
        ErrorCodes.TryParse(code, out ErrorCode known) ? ErrorCodes.HintOf(known) : code;
}
