namespace ShareRpc.Client;

/// <summary>Where a client stands with its server.</summary>
public enum ConnectionState
{
    /// <summary>Not connected, and not trying: there is nothing to send, or another process sends.</summary>
    Idle,

    /// <summary>Trying to connect.</summary>
    Connecting,

    Connected,
}
