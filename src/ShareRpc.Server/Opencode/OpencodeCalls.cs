using System.Text.Json.Serialization;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Server.Opencode;

internal sealed record SharedSession(string ShareId, ShareToken Append, ShareToken Read);

internal sealed record CreateCall([property: JsonPropertyName("sessionID")] string? SessionId);

internal sealed record DeleteCall([property: JsonPropertyName("secret")] string? Secret);
