namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>
/// Tests of reading a session, which share a browser and a server. They run beside those of
/// <see cref="ViewerCollection"/>: the tests of one collection run one after the other.
/// </summary>
[CollectionDefinition(Name)]
public sealed class ReadingCollection : ICollectionFixture<BrowserFixture>
{
    public const string Name = "Reading";
}
