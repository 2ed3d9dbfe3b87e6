using System.Text.Json.Serialization;

namespace ShareRpc.Protocol.Rpc;

/// <summary>What narrows a ref besides its rights. A caveat that this version does not know is refused, never ignored.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record Caveats
{
    public static readonly Caveats None = new();

    /// <summary>The ref is dead from this moment on, by the server's clock: milliseconds since 1970 UTC.</summary>
    public long? ExpiresAtMs { get; init; }
}
