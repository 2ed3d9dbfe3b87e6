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

    /// <summary>Gets the proxy, named by the environment, that was to be used; without its password; or null.</summary>
    public Uri? Proxy { get; internal init; }

    /// <summary>Gets whether the server was refused because this machine does not trust its certificate.</summary>
    public bool IsCertificateRefused { get; internal init; }
}
