namespace ShareRpc.Server.Storage;

internal interface ISavepoint : IDisposable
{
    /// <summary>Keeps what was written since; without it, disposing takes that back.</summary>
    void Keep();
}
