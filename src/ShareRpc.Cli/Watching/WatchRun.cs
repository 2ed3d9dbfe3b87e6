using ShareRpc.Cli.Terminal;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Cli.Watching;

internal sealed class WatchRun
{
    /// <summary>How long to wait for the share: its creator may be offline.</summary>
    private static readonly TimeSpan NotThereYet = TimeSpan.FromMinutes(3);

    private readonly Output output;
    private readonly TimeProvider time;
    private readonly ShareLink link;
    private readonly CredentialStore credentials;
    private readonly SessionRenderer renderer;
    private long cursor;

    public WatchRun(CommandContext context, ShareLink link, long after)
    {
        output = context.Output;
        time = context.Time;
        this.link = link;
        credentials = new CredentialStore(context.State.CredentialsPath);
        cursor = after;
        renderer = new SessionRenderer(output);
    }

    /// <summary>Follows until the share or access ends, or Ctrl-C. Another call continues there.</summary>
    public async Task<int> FollowAsync(string? passphrase, CancellationToken stop)
    {
        ShareReader? reading = null;
        var options = new ShareReaderOptions
        {
            InvalidTokenPatience = NotThereYet, OnState = state => SayState(state, reading?.LastRefusal),
            Passphrase = passphrase,
            Credentials = credentials,
        };
        await using var reader = new ShareReader(link, options, time);
        reading = reader;
        try
        {
            while (true)
            {
                try
                {
                    await foreach (LoggedOp op in reader.FollowAsync(cursor, stop).ConfigureAwait(false))
                        Show(op, stop);
                    renderer.End();
                    output.Say("The share has ended.");
                    return ExitCode.Ok;
                }
                catch (ShareGapException gap)
                {
                    await ShowStateAsync(reader, gap, stop).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return ExitCode.Ok;
        }
        finally
        {
            renderer.End();
        }
    }

    public async Task<int> OnceAsync(string? passphrase, TimeSpan timeout, CancellationToken stop)
    {
        var options = new ShareReaderOptions { Passphrase = passphrase, Credentials = credentials };
        await using var reader = new ShareReader(link, options, time);
        var patient = new PatientReading(reader, link, time, timeout);
        try
        {
            while (true)
            {
                OpPage page = await patient.AnswerAsync(cancel => reader.ReadOpsAsync(cursor, cancel), stop)
                    .ConfigureAwait(false);
                if (page.Gap is { } gap)
                    await ShowStateAsync(reader, new ShareGapException(gap), stop).ConfigureAwait(false);
                foreach (LoggedOp op in page.Ops) Show(op, stop);
                if (cursor >= page.Head) return ExitCode.Ok;
            }
        }
        finally
        {
            renderer.End();
        }
    }

    private void Show(LoggedOp op, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        cursor = op.Cursor;
        output.Emit(op);
        if (!output.IsJson) renderer.Show(op);
    }

    /// <summary>Prints the state in place of deleted ops; advances the cursor.</summary>
    private async Task ShowStateAsync(ShareReader reader, ShareGapException gap, CancellationToken stop)
    {
        ShareSnapshot snapshot = await reader.ReadStateAsync(stop).ConfigureAwait(false);
        output.Emit(new { Gap = gap.Cursor, snapshot.Cursor });
        foreach (Document document in snapshot.Documents)
        {
            output.Emit(document);
            renderer.Show(new LoggedOp
            {
                Cursor = document.Cursor, OpId = "state", Verb = Verbs.Put, Kind = document.Kind, Key = document.Key,
                Data = document.Data,
                Actor = "", TimeMs = 0, SchemaVersion = Subprotocols.SchemaVersion,
            });
        }

        cursor = Math.Max(snapshot.Cursor, gap.Cursor);
    }

    private void SayState(ReaderState state, ShareRpcException? refusal)
    {
        if (state != ReaderState.Reconnecting) return;
        output.Note(refusal is null
            ? "sharerpc: not connected; retrying…" : $"sharerpc: {refusal.Hint} Retrying…");
    }
}
