using ShareRpc.Protocol.Ops;

namespace ShareRpc.Client.Writing.Sending;

/// <summary>A message with batches of a share that was sent and is not answered.</summary>
internal sealed record SentFrame(long ShareKey, IReadOnlyList<OpBatch> Batches);
