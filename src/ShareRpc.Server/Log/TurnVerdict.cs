namespace ShareRpc.Server.Log;

internal enum TurnVerdict
{
    Allowed,
    Duplicate,
    Final,
}
