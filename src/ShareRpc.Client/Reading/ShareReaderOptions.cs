using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ShareRpc.Client.Connection;
using ShareRpc.Client.Credentials;

namespace ShareRpc.Client.Reading;

/// <summary>How a reader behaves.</summary>
public sealed record ShareReaderOptions
{
    public static readonly ShareReaderOptions Default = new();

    /// <summary>Gets the passphrase for links that need one; null for none.</summary>
    public string? Passphrase { get; init; }

    /// <summary>
    /// Gets where the grant of a counted or locked link is kept, so that a later reader of the link needs neither
    /// another use nor the passphrase. Null: in memory, for this reader alone.
    /// </summary>
    public CredentialStore? Credentials { get; init; }

    /// <summary>Gets how long <c>invalid_token</c> counts as "not there yet". Default 0: it is final at once.</summary>
    public TimeSpan InvalidTokenPatience { get; init; } = TimeSpan.Zero;

    /// <summary>Gets how long one read waits at the server. Default 25 s.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>Gets the first ceiling of the backoff. Default 100 ms.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Gets the last ceiling of the backoff. Default 10 s.</summary>
    public TimeSpan MaxRetry { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets how often an idle connection is pinged. Default 15 s.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Gets the time without an answer to a ping after which the connection is given up. Default: 20 s.
    /// </summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Called when the state changes, on the reader's own flow.</summary>
    public Action<ReaderState>? OnState { get; init; }

    public ILoggerFactory Logging { get; init; } = NullLoggerFactory.Instance;

    internal TransportFactory? Transport { get; init; }
}

/// <summary>Where a following reader stands.</summary>
public enum ReaderState
{
    Connecting,

    /// <summary>Reading what was there before.</summary>
    CatchingUp,

    /// <summary>At the head, waiting for the next op.</summary>
    Live,

    /// <summary>The connection was lost, or the server asked to wait; it will try again from its cursor.</summary>
    Reconnecting,

    /// <summary>The share has ended, and everything was read.</summary>
    Ended,
}
