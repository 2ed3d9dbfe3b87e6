using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Commit;

/// <summary>Measures folded documents of a share: those that were looked up for a batch, else from the store.</summary>
internal readonly struct DocumentMeasures(IWriteTransaction transaction, long shareKey, AppendFacts facts)
{
    public ValueTask<DocumentMeasure> OfAsync(string kind, string key) =>
        facts.Documents.TryGetValue((kind, key), out DocumentMeasure? measure)
            ? new(measure) : transaction.ReadDocMeasureAsync(shareKey, kind, key);
}
