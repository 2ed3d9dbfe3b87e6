using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Commit;

internal sealed record CommitScope(IWriteTransaction Transaction, LogShareCache Shares, long NowMs)
{
    public DayUses Uses { get; } = new(Transaction);
}
