using ShareRpc.Protocol.Json;

namespace ShareRpc.Client.Writing.Outbox;

/// <summary>An op that was refused, whole, as it was enqueued: to be looked at, or kept elsewhere before it is dropped.</summary>
public sealed record ParkedOp
{
    public required string OpId { get; init; }

    public required string Verb { get; init; }

    public required string Kind { get; init; }

    public required string Key { get; init; }

    public RawJson? Data { get; init; }

    public IReadOnlyList<string>? DependsOn { get; init; }

    /// <summary>The stable string of the error.</summary>
    public required string Code { get; init; }

    /// <summary>One sentence for people.</summary>
    public required string Message { get; init; }

    /// <summary>It was sent before access ended, and whether it was applied is not known.</summary>
    public required bool OutcomeUnknown { get; init; }

    /// <summary>It waits for an op it depends on, and is tried again by itself.</summary>
    public required bool IsWaiting { get; init; }
}
