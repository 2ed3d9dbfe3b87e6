using ShareRpc.Protocol.Ops;

namespace ShareRpc.Client.Writing.Sending;

internal sealed record SentFrame(long ShareKey, IReadOnlyList<OpBatch> Batches);
