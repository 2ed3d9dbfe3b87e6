using System.Text.Json.Serialization;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Server.Opencode;

/// <summary>What a session's share is called, and the two tokens made for whoever asked.</summary>
internal sealed record SharedSession(string ShareId, ShareToken Append, ShareToken Read);

internal sealed record CreateCall([property: JsonPropertyName("sessionID")] string? SessionId);

internal sealed record DeleteCall([property: JsonPropertyName("secret")] string? Secret);
