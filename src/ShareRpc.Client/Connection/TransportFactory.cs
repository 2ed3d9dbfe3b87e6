using StreamJsonRpc;

namespace ShareRpc.Client.Connection;

/// <summary>The caller owns the handler.</summary>
internal delegate Task<IJsonRpcMessageHandler> TransportFactory(Uri server, CancellationToken cancellationToken);
