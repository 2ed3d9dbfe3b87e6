namespace ShareRpc.EndToEndTests.Opencode;

/// <summary>A test with the real opencode: skipped where its package cannot be had, except in CI, which needs it.</summary>
internal sealed class OpencodeFactAttribute : FactAttribute
{
    public OpencodeFactAttribute()
    {
        Timeout = 180_000;
        string? reason = OpencodePackage.WhyNot();
        if (reason is not null && Environment.GetEnvironmentVariable("CI") is null) Skip = $"The real opencode cannot be had: {reason}";
    }
}
