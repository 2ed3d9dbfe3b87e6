namespace ShareRpc.Server.Storage;

internal enum ShareState
{
    Active = 0,
    Ended = 1,
    Deleted = 2,
}
