using ShareRpc.Protocol.Json;

namespace ShareRpc.Protocol.Ops;

/// <summary>
/// One intent (SPEC section "Ops"). Fields are as they arrived: a malformed op is a value too, so that it can be
/// rejected by itself without refusing its batch; <see cref="OpRules"/> says whether it is well formed.
/// </summary>
public sealed record OpIntent
{
    /// <summary>Gets the idempotency key; see <see cref="Ids.OpId"/>.</summary>
    public required string OpId { get; init; }

    /// <summary>
    /// Gets the place in the writer's sequence, gapless from 1. Set by the outbox; absent from a sender without a
    /// writer id.
    /// </summary>
    public long? Seq { get; init; }

    /// <summary>Gets the verb, one of <see cref="Verbs"/>.</summary>
    public required string Verb { get; init; }

    /// <summary>Gets the kind, see <see cref="Kinds"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>
    /// Gets the key of the document within its kind: 1 to 512 bytes of UTF-8 without control characters.
    /// </summary>
    public required string Key { get; init; }

    /// <summary>Gets the data, see <see cref="Verbs"/>; absent with <c>remove</c>.</summary>
    public RawJson? Data { get; init; }

    /// <summary>Gets the ids of ops that must have been applied in this share before, at most 16.</summary>
    public IReadOnlyList<string>? DependsOn { get; init; }

    /// <summary>
    /// Gets whether a <c>put</c> of data equal to the document's current value is answered as a duplicate and makes no
    /// op.
    /// </summary>
    public bool? IfChanged { get; init; }
}
