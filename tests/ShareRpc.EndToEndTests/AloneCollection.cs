namespace ShareRpc.EndToEndTests;

/// <summary>
/// Tests of a time that somebody waits, which other tests beside them would lengthen: each runs alone.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
