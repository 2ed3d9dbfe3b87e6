namespace ShareRpc.EndToEndTests;

/// <summary>A test on the recorded opencode database: skipped on a plain clone that has no fixtures beside it.</summary>
internal sealed class FixtureFactAttribute : FactAttribute
{
    public FixtureFactAttribute()
    {
        if (!File.Exists(OpencodeFixture.Path)) Skip = "The recorded database is not beside this clone.";
    }
}
