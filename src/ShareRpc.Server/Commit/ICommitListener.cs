namespace ShareRpc.Server.Commit;

/// <summary>Is told by the commit loop, on its thread, what became durable. Must not wait for anybody.</summary>
internal interface ICommitListener
{
    /// <summary>A transaction that touched the share is on disk; its ops are in <see cref="LogShare.Fresh"/>.</summary>
    void OnCommitted(LogShare share);
}
