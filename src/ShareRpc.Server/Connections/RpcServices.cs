using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Limits;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Changes;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Append;
using ShareRpc.Server.Maintenance;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Turns;

namespace ShareRpc.Server.Connections;

/// <summary>What the handles of every connection work with.</summary>
internal sealed record RpcServices(
    IShareStore Store, ShareLog Log, ShareReads Reads, Broadcaster Broadcaster, LiveWriters Writers, Redeemer Redeemer, TicketBook Tickets,
    AuthorityRegistry Registry,
    CapabilityAdmin Admin, CapabilityChanges Changes, CapabilityLists Lists, ServerHealth Health, RedemptionLimits Guard,
    AuditBook Audit, ClientAddress Addresses, TimeProvider Time, ProtocolLimits Limits,
        ServerLimits ServerLimits, ILogger<RpcSession> Logger);
