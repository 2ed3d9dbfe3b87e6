using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using ShareRpc.Client.Connection;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Diagnostics;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Client.Writing.Sending;

internal sealed record SenderContext(
    ShareClientOptions Options, OutboxFile Outbox, CredentialStore Credentials, TimeProvider Time, ILogger Log)
{
    private readonly ConcurrentDictionary<string, LinkRedeemer> links = new(StringComparer.Ordinal);

    /// <summary>Gets what had failed, by share, when the client was opened.</summary>
    public IReadOnlyDictionary<long, long> FailedEarlier { get; } = Outbox.CountFailed();

    public OpTraces Traces { get; } = new();

    /// <summary>Looks for what a restore of the server took back: it knows less than it acknowledged.</summary>
    public void NoteMissing(OutboxShare share, long ackedSeq, long head)
    {
        long lost = Outbox.Missing.Note(share.Key, ackedSeq, head, Time.GetUtcNow().ToUnixTimeMilliseconds());
        if (lost > 0) Log.OpsMissing(share.ShareId, lost);
    }

    /// <summary>One redeemer per link.</summary>
    public LinkRedeemer LinkOf(ShareLink link) =>
        links.GetOrAdd(link.Token.Digest, _ => new LinkRedeemer(link, Credentials));
}
