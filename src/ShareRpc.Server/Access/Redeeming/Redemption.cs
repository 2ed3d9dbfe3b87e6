using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Redeeming;

/// <summary>A redeemed ref: its live authority, its share if it has one, and when its ticket ends for good.</summary>
internal sealed record Redemption(Authority Authority, ShareRow? Share, DateTimeOffset? TicketEnd);
