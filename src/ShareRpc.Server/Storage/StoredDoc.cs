using ShareRpc.Protocol.Json;

namespace ShareRpc.Server.Storage;

/// <summary>A folded document, or with no data the news that it was removed.</summary>
internal sealed record StoredDoc(string Kind, string Key, long Cursor, RawJson? Data);
