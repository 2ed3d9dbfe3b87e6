namespace ShareRpc.Tests.Server.Storage.Model;

internal enum StoreAct
{
    Creator,
    Share,
    Attenuate,
    Writer,
    Append,
    Reject,
    WriteDoc,
    Fold,
    End,
    Delete,
    Erase,
    Revoke,
    Audit,
    Savepoint,
    KeepSavepoint,
    DropSavepoint,
    Commit,
    Rollback,
    Reopen,
    Checkpoint,
    OpenSnapshot,
    ReadSnapshot,
    CloseSnapshot,
}
