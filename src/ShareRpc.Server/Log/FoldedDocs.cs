using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Log;

/// <summary>
/// What a fold computed: the documents that changed between two cursors. Replaced are the cursors of their last ops before, where
/// compaction has looked already and kept those.
/// </summary>
internal sealed record FoldedDocs(long ShareKey, long From, long UpTo, IReadOnlyList<StoredDoc> Docs, IReadOnlyList<long> Replaced);
