namespace ShareRpc.Server.Rpc;

/// <summary>The methods that <see cref="CallParser"/> reads.</summary>
internal enum HotMethod
{
    None,
    AppendOps,
    ReadOps,
}
