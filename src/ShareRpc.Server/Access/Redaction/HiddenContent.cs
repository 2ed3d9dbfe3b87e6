namespace ShareRpc.Server.Access.Redaction;

/// <summary>The <c>redact</c> caveats of a chain together.</summary>
[Flags]
internal enum HiddenContent
{
    None = 0,
    Tools = 1,
    Reasoning = 2,
    Files = 4,
}
