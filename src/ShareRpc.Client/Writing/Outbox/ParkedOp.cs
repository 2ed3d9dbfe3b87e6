using ShareRpc.Protocol.Json;

namespace ShareRpc.Client.Writing.Outbox;

/// <summary>A refused op.</summary>
public sealed record ParkedOp
{
    public required string OpId { get; init; }

    public required string Verb { get; init; }

    public required string Kind { get; init; }

    public required string Key { get; init; }

    public RawJson? Data { get; init; }

    public IReadOnlyList<string>? DependsOn { get; init; }

    /// <summary>Gets the error's stable name.</summary>
    public required string Code { get; init; }

    /// <summary>Gets a readable message.</summary>
    public required string Message { get; init; }

    /// <summary>Gets whether it may have been applied.</summary>
    public required bool OutcomeUnknown { get; init; }

    /// <summary>Gets whether it waits for a dependency.</summary>
    public required bool IsWaiting { get; init; }
}
