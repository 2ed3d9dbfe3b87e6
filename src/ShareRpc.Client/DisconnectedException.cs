namespace ShareRpc.Client;

/// <summary>
/// The server cannot be reached, or the connection was lost: whether a call in flight took effect is unknown. Always worth trying again,
/// unlike a <see cref="Protocol.Errors.ShareRpcException"/> that is final.
/// </summary>
public sealed class DisconnectedException : Exception
{
    internal DisconnectedException(Exception? inner)
        : base("The server cannot be reached, or the connection to it was lost.", inner)
    {
    }
}
