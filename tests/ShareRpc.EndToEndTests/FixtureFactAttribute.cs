namespace ShareRpc.EndToEndTests;

/// <summary>
/// Marks a test on the recorded opencode database: skipped on a clone that has no fixtures beside it.
/// </summary>
internal sealed class FixtureFactAttribute : FactAttribute
{
    public FixtureFactAttribute() => Skip = Missing;

    public static string? Missing { get; } =
        File.Exists(OpencodeFixture.Path) ? null : "The recorded database is not beside this clone.";
}

/// <inheritdoc cref="FixtureFactAttribute"/>
internal sealed class FixtureTheoryAttribute : TheoryAttribute
{
    public FixtureTheoryAttribute() => Skip = FixtureFactAttribute.Missing;
}
