using System.Text.Json;
using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Sources.Opencode;

internal static class HeldDocuments
{
    private static readonly TimeSpan ReadTime = TimeSpan.FromSeconds(10);

    /// <summary>Returns empty without a link or if refused for good, null without an answer for now.</summary>
    public static async Task<IReadOnlyList<Document>?> ReadAsync(
        ShareLink? link, TimeProvider time, CancellationToken cancellationToken, ShareReaderOptions? options = null)
    {
        if (link is null) return [];
        using var patience = new CancellationTokenSource(ReadTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await using var reader = new ShareReader(link, options ?? ShareReaderOptions.Default, time);
            return (await reader.ReadStateAsync(either.Token).ConfigureAwait(false)).Documents;
        }
        catch (ShareRpcException error)
        {
            return error.IsTransient || error.Action is ErrorAction.Redeem or ErrorAction.Retry ? null : [];
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>
    /// Adds to <paramref name="known"/> the documents of the share that the session's event log names, so that the
    /// comparison with the rows removes those that are gone. Documents that this database never had belong to another
    /// machine.
    /// </summary>
    public static void AddTo(KnownDocuments known, IReadOnlyList<Document> held, OpencodeView view, string sessionId)
    {
        if (held.Count == 0) return;
        var named = new HashSet<(string Kind, string Key)>();
        var removed = new HashSet<string>(StringComparer.Ordinal);
        foreach (OpIntent op in view.EventsAfter(sessionId,
            -1).SelectMany(source => EventMapping.Map(source, new KnownDocuments()).Ops))
        {
            named.Add((op.Kind, op.Key));
            if (op.Verb == Verbs.Remove && op.Kind == Kinds.Message) removed.Add(op.Key);
        }

        foreach (Document document in held)
        {
            bool isNamed = named.Contains((document.Kind, document.Key));
            if (document.Kind == Kinds.Message && isNamed) known.PutMessage(document.Key);
            else if (document.Kind == Kinds.Part && MessageOf(document) is { } message
                && (isNamed || removed.Contains(message)))
                known.PutPart(message, document.Key);
        }
    }

    private static string? MessageOf(Document part)
    {
        using JsonDocument document = part.Data.ToDocument();
        bool isObject = document.RootElement.ValueKind == JsonValueKind.Object;
        return isObject && document.RootElement.TryGetProperty("messageID", out JsonElement id)
            && id.ValueKind == JsonValueKind.String
            ? id.GetString() : null;
    }
}
