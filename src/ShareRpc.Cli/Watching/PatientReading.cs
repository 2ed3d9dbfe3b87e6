using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Cli.Watching;

/// <summary>Waits for answers of a reader, which itself tries for ever; then says why there was none.</summary>
internal sealed class PatientReading(ShareReader reader, ShareLink link, TimeProvider time, TimeSpan timeout)
{
    public async Task<T> AnswerAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken stop)
    {
        using var giveUp = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, giveUp.Token);
        try
        {
            return await call(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (giveUp.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            if (reader.LastRefusal is { } refusal) throw new CliException(Failure.Of(refusal), refusal.Hint);
            throw new CliException(ExitCode.Unreachable,
                $"{link.Server.Authority} does not answer. Is the server running?");
        }
    }
}
