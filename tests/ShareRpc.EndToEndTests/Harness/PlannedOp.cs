using ShareRpc.Protocol.Ops;

namespace ShareRpc.EndToEndTests.Harness;

/// <summary>One op of a plan, with what must become of it; for a refused one with its code.</summary>
internal sealed record PlannedOp(OpIntent Op, Expectation Expect, string? Code = null);
