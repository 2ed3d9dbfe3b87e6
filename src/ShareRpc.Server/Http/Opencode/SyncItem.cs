using ShareRpc.Protocol.Json;

namespace ShareRpc.Server.Http.Opencode;

/// <summary>One element of a sync's <c>data</c>: <c>{type, data}</c>.</summary>
internal sealed record SyncItem(string Type, RawJson Data);
