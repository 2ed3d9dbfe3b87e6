using System.Text.Json.Serialization;

namespace ShareRpc.Protocol.Rpc;

/// <summary>
/// What narrows a ref besides its rights (SPEC section "Caveats"). A ref's own and those of all its ancestors bind together. A caveat that
/// this version does not know is refused, never ignored.
/// </summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record Caveats
{
    public static readonly Caveats None = new();

    /// <summary>The ref is dead from this moment on, by the server's clock: milliseconds since 1970 UTC.</summary>
    public long? ExpiresAtMs { get; init; }

    /// <summary>The ref is dead from this moment on unless its token was redeemed before: milliseconds since 1970 UTC.</summary>
    public long? UnusedExpiresAtMs { get; init; }

    /// <summary>Redemptions by token, of the ref and its descendants together: 1 to 1,000,000. Tickets count nothing.</summary>
    public int? MaxUses { get; init; }

    /// <summary>The only kinds that may be appended: 1 to 64 of them.</summary>
    public IReadOnlyList<string>? AppendKinds { get; init; }

    /// <summary>
    /// The only kinds that may be read, and of each the only top-level fields: kind -> at most 64 names, or null for all of them. On the
    /// wire null is <c>true</c>.
    /// </summary>
    [JsonConverter(typeof(ReadableConverter))]
    public IReadOnlyDictionary<string, IReadOnlyList<string>?>? Readable { get; init; }

    /// <summary>
    /// What is hidden, of <see cref="Redactions"/>. With any of them only kinds and fields that the server knows are shown.
    /// </summary>
    public IReadOnlyList<string>? Redact { get; init; }

    /// <summary>Ops applied a day (UTC), by the ref and its descendants together: 0 or more.</summary>
    public long? MaxOpsPerDay { get; init; }

    /// <summary>Bytes of data of the ops applied a day (UTC), by the ref and its descendants together: 0 or more.</summary>
    public long? MaxBytesPerDay { get; init; }
}
