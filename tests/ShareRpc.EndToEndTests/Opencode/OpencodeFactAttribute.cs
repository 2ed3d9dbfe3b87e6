namespace ShareRpc.EndToEndTests.Opencode;

/// <summary>Marks a test with the real opencode, whose package npm gets; see <see cref="Needs"/>.</summary>
internal sealed class OpencodeFactAttribute : FactAttribute
{
    public OpencodeFactAttribute()
    {
        Timeout = 180_000;
        if (!Needs.IsBuildMachine && OpencodePackage.WhyNot() is { } reason)
            Skip = $"The real opencode cannot be had: {reason}";
    }
}
