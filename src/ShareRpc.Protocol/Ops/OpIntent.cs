using ShareRpc.Protocol.Json;

namespace ShareRpc.Protocol.Ops;

/// <summary>
/// One intent (SPEC section "Ops"). Fields are as they arrived: a malformed op is a value too, so that it can be rejected by itself without
/// refusing its batch; <see cref="OpRules"/> says whether it is well formed.
/// </summary>
public sealed record OpIntent
{
    /// <summary>The idempotency key; see <see cref="Ids.OpId"/>.</summary>
    public required string OpId { get; init; }

    /// <summary>Place in the writer's sequence, gapless from 1. Set by the outbox; absent from a sender without a writer id.</summary>
    public long? Seq { get; init; }

    /// <summary>One of <see cref="Verbs"/>.</summary>
    public required string Verb { get; init; }

    /// <summary>See <see cref="Kinds"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>Which document of the kind: 1 to 512 bytes of UTF-8 without control characters.</summary>
    public required string Key { get; init; }

    /// <summary>See <see cref="Verbs"/>; absent with <c>remove</c>.</summary>
    public RawJson? Data { get; init; }

    /// <summary>Op ids that must have been applied in this share before; at most 16.</summary>
    public IReadOnlyList<string>? DependsOn { get; init; }

    /// <summary>With <c>put</c>: data equal to the document's current value is answered as a duplicate and makes no new op.</summary>
    public bool? IfChanged { get; init; }
}
