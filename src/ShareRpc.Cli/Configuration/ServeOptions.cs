using ShareRpc.Server;

namespace ShareRpc.Cli.Configuration;

/// <summary>What <c>serve</c> runs: a server, and what the process has beside it.</summary>
internal sealed class ServeOptions(ServerOptions server)
{
    public ServerOptions Server { get; } = server;

    /// <summary>Gets or sets where Prometheus may ask without a token; null: nowhere.</summary>
    public string? MetricsUrls { get; set; }

    /// <summary>Gets or sets the file with the token for <c>/metrics</c> of the server; null: it has none.</summary>
    public string? MetricsTokenFile { get; set; }
}
