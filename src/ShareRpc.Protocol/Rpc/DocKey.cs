namespace ShareRpc.Protocol.Rpc;

/// <summary>Names one document of a share.</summary>
public sealed record DocKey(string Kind, string Key);
