namespace ShareRpc.EndToEndTests;

/// <summary>Marks a test that <c>eng/deep-tests</c> leaves out at size 0, as CI asks for it.</summary>
internal sealed class SizedFactAttribute : FactAttribute
{
    public SizedFactAttribute()
    {
        if (DeepSize.Or(1) == 0) Skip = "Takes too long for CI: eng/deep-tests runs it without --ci.";
    }
}
