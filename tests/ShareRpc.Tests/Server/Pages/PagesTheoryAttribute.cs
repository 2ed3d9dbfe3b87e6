namespace ShareRpc.Tests.Server.Pages;

/// <summary>As <see cref="PagesFactAttribute"/>, with data.</summary>
internal sealed class PagesTheoryAttribute : TheoryAttribute
{
    public PagesTheoryAttribute() => Skip = PagesFactAttribute.Reason;
}
