namespace ShareRpc.Client;

/// <summary>Server unreachable or connection lost: the outcome of a call is unknown. Retry is allowed.</summary>
public sealed class DisconnectedException : Exception
{
    internal DisconnectedException(Exception? inner, Uri? server = null)
        : base("The server cannot be reached, or the connection to it was lost.", inner)
    {
        Server = server;
    }

    /// <summary>Gets the unreachable server, or null.</summary>
    public Uri? Server { get; }
}
