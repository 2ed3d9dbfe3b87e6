using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using ShareRpc.Client.Connection;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Client.Writing.Sending;

/// <summary>What the sender and its lanes work with.</summary>
internal sealed record SenderContext(
    ShareClientOptions Options, OutboxFile Outbox, CredentialStore Credentials, TimeProvider Time, ILogger Log)
{
    private readonly ConcurrentDictionary<string, LinkRedeemer> links = new(StringComparer.Ordinal);

    /// <summary>
    /// Returns how the link is redeemed that a share was joined by: one per link, whatever lane sends.
    /// </summary>
    public LinkRedeemer LinkOf(ShareLink link) =>
        links.GetOrAdd(link.Token.Digest, _ => new LinkRedeemer(link, Credentials));
}
