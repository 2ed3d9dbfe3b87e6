using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Log;

/// <summary>What a fold computed: the documents that changed between two cursors.</summary>
internal sealed record FoldedDocs(long ShareKey, long From, long UpTo, IReadOnlyList<StoredDoc> Docs);
