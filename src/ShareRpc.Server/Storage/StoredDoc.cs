using ShareRpc.Protocol.Json;

namespace ShareRpc.Server.Storage;

/// <summary>
/// A folded document, or with no data the news that it was removed. Size is what it counts as against <c>document_bytes</c>: the data
/// bytes of its last put and of every append since. Class says what it is about.
/// </summary>
internal sealed record StoredDoc(string Kind, string Key, long Cursor, RawJson? Data, long Size, ContentClass Class);
