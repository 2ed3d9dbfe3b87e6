using StreamJsonRpc;

namespace ShareRpc.Client.Connection;

/// <summary>The transport seam: opens a connection to a server. The handler is the caller's to dispose.</summary>
internal delegate Task<IJsonRpcMessageHandler> TransportFactory(Uri server, CancellationToken cancellationToken);
