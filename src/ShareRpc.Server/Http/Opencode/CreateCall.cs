using System.Text.Json.Serialization;

namespace ShareRpc.Server.Http.Opencode;

internal sealed record CreateCall([property: JsonPropertyName("sessionID")] string? SessionId);
