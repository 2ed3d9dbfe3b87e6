namespace ShareRpc.Protocol.Rpc;

/// <summary>Where the server has a writer.</summary>
public sealed record WriterState
{
    /// <summary>The watermark: the highest seq consumed, 0 at first. Settles no outbox row.</summary>
    public required long AckedSeq { get; init; }
}
