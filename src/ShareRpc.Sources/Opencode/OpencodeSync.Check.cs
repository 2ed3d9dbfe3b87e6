using System.Text.Json;
using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Opencode;

/// <summary>
/// When somebody else writes to the share as well (the same session synced from another outbox), an old reading of one may have landed
/// after a newer one of the other. Whoever may have done that puts the rows again, as they are, until that changes nothing.
/// </summary>
public sealed partial class OpencodeSync
{
    private static readonly TimeSpan ReadTime = TimeSpan.FromSeconds(10);

    private long checkedAt;

    /// <summary>
    /// This writer has changed a share that others change too, and has not looked since whether the rows are what came of it. Others change
    /// it when its head is beyond the ops that this writer has had applied.
    /// </summary>
    internal bool NeedsCheck =>
        !IsGone && Writer.Status is { Pending: 0, InFlight: 0, ClosedCode: null, ForeignOps: true } status
            && status.Applied != checkedAt;

    /// <summary>
    /// Puts every row again, and removes what the share still holds though this database once had it and has it no more. Documents that
    /// this database never had are another machine's business.
    /// </summary>
    /// <param name="database">Read after the share was, so that it is the newer; what lands even later is seen by whoever sent it.</param>
    /// <param name="held">The documents of the share, see <see cref="ReadShareAsync"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal async Task CheckAsync(OpencodeDatabase database, IReadOnlyList<Document> held, CancellationToken cancellationToken)
    {
        long applied = Writer.Status.Applied;
        using OpencodeView view = database.BeginRead();
        if (view.Session(SessionId) is not { } row) return;
        lastStored = null;
        keys = await LoadKeysAsync(view, new SyncPosition { EventSeq = long.MaxValue }, cancellationToken).ConfigureAwait(false);
        AddLeftovers(view, held);
        await FromRowsAsync(new Pass(view, row, new SecretFilter(secrets)), null, cancellationToken).ConfigureAwait(false);
        checkedAt = applied;
    }

    /// <summary>
    /// The documents of the share: none when the link that appends to it may not read, null when the server does not answer.
    /// </summary>
    internal async Task<IReadOnlyList<Document>?> ReadShareAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        if ((readLink ?? Writer.OwnerLink) is not { } link) return [];
        using var patience = new CancellationTokenSource(ReadTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await using var reader = new ShareReader(link, ShareReaderOptions.Default, time);
            return (await reader.ReadStateAsync(either.Token).ConfigureAwait(false)).Documents;
        }
        catch (ShareRpcException)
        {
            return [];
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>
    /// Documents that this database's log speaks of count as known again, so that comparing with the rows removes those that are gone.
    /// </summary>
    private void AddLeftovers(OpencodeView view, IReadOnlyList<Document> held)
    {
        if (held.Count == 0) return;
        var named = new HashSet<(string Kind, string Key)>();
        var removed = new HashSet<string>(StringComparer.Ordinal);
        foreach (OpIntent op in view.EventsAfter(SessionId, -1).SelectMany(source => EventMapping.Map(source, new KnownDocuments()).Ops))
        {
            named.Add((op.Kind, op.Key));
            if (op.Verb == Verbs.Remove && op.Kind == Kinds.Message) removed.Add(op.Key);
        }

        foreach (Document document in held)
        {
            bool isNamed = named.Contains((document.Kind, document.Key));
            if (document.Kind == Kinds.Message && isNamed) keys.Documents.PutMessage(document.Key);
            else if (document.Kind == Kinds.Part && MessageOf(document) is { } message && (isNamed || removed.Contains(message)))
                keys.Documents.PutPart(message, document.Key);
        }
    }

    private static string? MessageOf(Document part)
    {
        using JsonDocument document = part.Data.ToDocument();
        bool isObject = document.RootElement.ValueKind == JsonValueKind.Object;
        return isObject && document.RootElement.TryGetProperty("messageID", out JsonElement id) && id.ValueKind == JsonValueKind.String
            ? id.GetString() : null;
    }
}
