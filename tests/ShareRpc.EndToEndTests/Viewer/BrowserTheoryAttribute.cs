namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>As <see cref="BrowserFactAttribute"/>, with data.</summary>
internal sealed class BrowserTheoryAttribute : TheoryAttribute
{
    public BrowserTheoryAttribute() => Skip = new BrowserFactAttribute().Skip;
}
