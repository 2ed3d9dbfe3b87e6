using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Commit;

/// <summary>
/// What a commit item works with: the open transaction, the state of the shares as of this very point of it, and its time.
/// </summary>
internal sealed record CommitScope(IWriteTransaction Transaction, LogShareCache Shares, long NowMs);
