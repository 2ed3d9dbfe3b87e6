using ShareRpc.Protocol.Ops;

namespace ShareRpc.Sources.Opencode;

/// <summary>Ops to be enqueued in one go.</summary>
/// <param name="Ops">In order.</param>
/// <param name="Atomic">All or none; such a step is one batch on the wire.</param>
/// <param name="Position">Where the session has been read to once these are in the outbox; null in the middle of reading rows.</param>
internal sealed record SyncStep(IReadOnlyList<OpIntent> Ops, bool Atomic, SyncPosition? Position);
