using ShareRpc.Protocol.Json;

namespace ShareRpc.Protocol.Ops;

/// <summary>An op (SPEC section "Ops"), unchecked: see <see cref="OpRules"/>.</summary>
public sealed record OpIntent
{
    /// <summary>Gets the idempotency key.</summary>
    public required string OpId { get; init; }

    /// <summary>Gets the seq, from 1 without gaps; absent without writer.</summary>
    public long? Seq { get; init; }

    /// <summary>Gets one of <see cref="Verbs"/>.</summary>
    public required string Verb { get; init; }

    /// <summary>Gets the kind, see <see cref="Kinds"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>Gets the key: 1 to 512 UTF-8 bytes, no control characters.</summary>
    public required string Key { get; init; }

    /// <summary>Gets the data; absent for <c>remove</c>.</summary>
    public RawJson? Data { get; init; }

    /// <summary>Gets up to 16 op ids that must be applied before.</summary>
    public IReadOnlyList<string>? DependsOn { get; init; }

    /// <summary>Gets whether an equal <c>put</c> is a duplicate.</summary>
    public bool? IfChanged { get; init; }
}
