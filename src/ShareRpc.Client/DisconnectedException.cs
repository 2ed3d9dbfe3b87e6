namespace ShareRpc.Client;

/// <summary>
/// The server cannot be reached, or the connection was lost: whether a call in flight took effect is unknown. Always
/// worth trying again, unlike a <see cref="Protocol.Errors.ShareRpcException"/> that is final.
/// </summary>
public sealed class DisconnectedException : Exception
{
    internal DisconnectedException(Exception? inner, Uri? server = null)
        : base("The server cannot be reached, or the connection to it was lost.", inner)
    {
        Server = server;
    }

    /// <summary>Gets the server that did not answer; null if a connection was lost.</summary>
    public Uri? Server { get; }
}
