namespace ShareRpc.Tests.Fakes;

/// <summary>
/// Tests that measure memory or processor time of the whole process: they run alone, since those of tests beside them
/// would count too.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
