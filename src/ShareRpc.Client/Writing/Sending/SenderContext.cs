using Microsoft.Extensions.Logging;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Writing.Outbox;

namespace ShareRpc.Client.Writing.Sending;

/// <summary>What the sender and its lanes work with.</summary>
internal sealed record SenderContext(
    ShareClientOptions Options, OutboxFile Outbox, CredentialStore Credentials, TimeProvider Time, ILogger Log);
