using ShareRpc.Server.Connections.Handles;
using ShareRpc.Server.Memory;

namespace ShareRpc.Server.CapnWeb.Sessions;

/// <summary>What a session works with.</summary>
/// <param name="Outgoing">Takes its messages.</param>
/// <param name="Kept">What unreleased results count against.</param>
/// <param name="Ledger">Knows what has not been answered, or not left.</param>
/// <param name="Errors">Turns exceptions into errors.</param>
/// <param name="CallsInFlight">How many calls run at once; others wait.</param>
/// <param name="MaxExports">How many results and objects there may be, and how many of the peer.</param>
/// <param name="HasWayBack">Whether the peer can be called.</param>
internal sealed record CapSessionParts(
    Outgoing Outgoing, UnsentMemory Kept, CallLedger Ledger, RpcErrors Errors, int CallsInFlight, int MaxExports,
    bool HasWayBack);
