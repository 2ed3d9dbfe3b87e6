namespace ShareRpc.EndToEndTests.Disk;

/// <summary>Marks a test whose disk is a preloaded library made by gcc; see <see cref="Needs"/>.</summary>
internal sealed class GccFactAttribute : FactAttribute
{
    public const string Missing = "gcc is not installed: apt-get install gcc libc6-dev";

    public GccFactAttribute() => Skip = Needs.Program("gcc", Missing);
}

/// <inheritdoc cref="GccFactAttribute"/>
internal sealed class GccTheoryAttribute : TheoryAttribute
{
    public GccTheoryAttribute() => Skip = Needs.Program("gcc", GccFactAttribute.Missing);
}
