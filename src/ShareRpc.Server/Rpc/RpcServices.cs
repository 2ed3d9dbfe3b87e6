using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Limits;
using ShareRpc.Server.Audit;
using ShareRpc.Server.Capabilities;
using ShareRpc.Server.Hosting;
using ShareRpc.Server.Http;
using ShareRpc.Server.Log;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Rpc;

/// <summary>What the handles of every connection work with.</summary>
internal sealed record RpcServices(
    IShareStore Store, ShareLog Log, ShareReads Reads, Broadcaster Broadcaster, LiveWriters Writers, Redeemer Redeemer, TicketBook Tickets,
    AuthorityRegistry Registry,
    CapabilityAdmin Admin, CapabilityChanges Changes, CapabilityLists Lists, ServerHealth Health, RedemptionLimits Guard,
    AuditBook Audit, ClientAddress Addresses, TimeProvider Time, ProtocolLimits Limits,
        ServerLimits ServerLimits, ILogger<RpcSession> Logger);
