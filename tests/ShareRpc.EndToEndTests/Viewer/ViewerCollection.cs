namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>Tests of the viewer that share a browser and a server.</summary>
[CollectionDefinition(Name)]
public sealed class ViewerCollection : ICollectionFixture<BrowserFixture>
{
    public const string Name = "Viewer";
}
