namespace ShareRpc.Protocol.Rpc;

/// <summary>WebSocket names.</summary>
public static class Subprotocols
{
    /// <summary>Version 1, JSON text frames.</summary>
    public const string V1Json = "sharerpc.v1.json";

    /// <summary>Endpoint path.</summary>
    public const string Path = "/rpc";

    /// <summary>Version stamped on ops.</summary>
    public const int SchemaVersion = 1;
}
