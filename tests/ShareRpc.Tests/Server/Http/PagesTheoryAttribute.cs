namespace ShareRpc.Tests.Server.Http;

/// <summary>As <see cref="PagesFactAttribute"/>, with data.</summary>
internal sealed class PagesTheoryAttribute : TheoryAttribute
{
    public PagesTheoryAttribute() => Skip = PagesFactAttribute.Reason;
}
