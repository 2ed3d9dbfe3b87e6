namespace ShareRpc.EndToEndTests;

/// <summary>A theory on the recorded opencode database: skipped on a plain clone that has no fixtures beside it.</summary>
internal sealed class FixtureTheoryAttribute : TheoryAttribute
{
    public FixtureTheoryAttribute()
    {
        if (!File.Exists(OpencodeFixture.Path)) Skip = "The recorded database is not beside this clone.";
    }
}
