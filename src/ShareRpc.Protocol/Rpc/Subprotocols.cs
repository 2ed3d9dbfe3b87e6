namespace ShareRpc.Protocol.Rpc;

/// <summary>WebSocket subprotocols, and the path of the endpoint.</summary>
public static class Subprotocols
{
    /// <summary>Version 1, JSON text frames.</summary>
    public const string V1Json = "sharerpc.v1.json";

    /// <summary>The path of the WebSocket endpoint.</summary>
    public const string Path = "/rpc";

    /// <summary>The version that ops are stamped with.</summary>
    public const int SchemaVersion = 1;
}
