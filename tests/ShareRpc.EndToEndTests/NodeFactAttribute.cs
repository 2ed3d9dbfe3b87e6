namespace ShareRpc.EndToEndTests;

/// <summary>Marks a test that needs Node.js with npm; see <see cref="Needs"/>.</summary>
internal sealed class NodeFactAttribute : FactAttribute
{
    public NodeFactAttribute() => Skip = Needs.Program("npm", "Node.js is not installed.");
}
