namespace ShareRpc.Server.Access.Redaction;

[Flags]
internal enum HiddenContent
{
    None = 0,
    Tools = 1,
    Reasoning = 2,
    Files = 4,
}
