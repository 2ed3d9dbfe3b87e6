namespace ShareRpc.Server.Commit;

/// <summary>Called on the commit thread; must not block.</summary>
internal interface ICommitListener
{
    /// <summary>Called once durable, with new ops in <see cref="LogShare.Fresh"/>.</summary>
    void OnCommitted(LogShare share);
}
