namespace ShareRpc.Tests.Server.Storage.Model;

/// <summary>The model is a store like any other: it does what the contract says.</summary>
public sealed class ModelStoreTests : ShareStoreContract
{
    protected override object OpenEmpty() => new ModelStore();

    protected override void Close()
    {
    }
}
