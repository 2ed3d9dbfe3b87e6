namespace ShareRpc.EndToEndTests.Harness;

/// <summary>A property that did not hold.</summary>
internal sealed record Finding(Property Property, string Detail);
