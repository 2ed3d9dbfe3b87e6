namespace ShareRpc.EndToEndTests.Harness;

/// <summary>What one call of the writer enqueues.</summary>
internal sealed record PlannedStep(IReadOnlyList<PlannedOp> Ops, bool Atomic = false);
