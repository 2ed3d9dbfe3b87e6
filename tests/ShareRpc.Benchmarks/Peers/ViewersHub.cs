using Microsoft.AspNetCore.SignalR;

namespace ShareRpc.Benchmarks.Peers;

/// <summary>Everybody who watches; nobody calls anything.</summary>
internal sealed class ViewersHub : Hub;
