namespace ShareRpc.EndToEndTests.Disk;

/// <summary>See <see cref="GccFactAttribute"/>.</summary>
internal sealed class GccTheoryAttribute : TheoryAttribute
{
    public GccTheoryAttribute()
    {
        Skip = new GccFactAttribute().Skip;
    }
}
