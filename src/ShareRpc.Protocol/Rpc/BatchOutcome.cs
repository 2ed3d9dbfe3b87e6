using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Protocol.Rpc;

/// <summary>The outcome of one batch of a redemption: an ack or an error.</summary>
public sealed record BatchOutcome
{
    public required string BatchId { get; init; }

    public Ack? Ack { get; init; }

    public ErrorData? Error { get; init; }
}
