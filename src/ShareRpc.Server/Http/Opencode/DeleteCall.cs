using System.Text.Json.Serialization;

namespace ShareRpc.Server.Http.Opencode;

internal sealed record DeleteCall([property: JsonPropertyName("secret")] string? Secret);
