using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ShareRpc.Client.Connection;

namespace ShareRpc.Client;

/// <summary>How a client keeps and sends what it is given. Checked once, when it is opened.</summary>
public sealed record ShareClientOptions
{
    /// <summary>Gets the server: an absolute http or https address.</summary>
    public required Uri Server { get; set; }

    /// <summary>Gets the outbox's SQLite file; made if it is not there.</summary>
    public required string OutboxPath { get; set; }

    /// <summary>Gets the credentials file, mode 0600; made if it is not there.</summary>
    public required string CredentialsPath { get; set; }

    /// <summary>
    /// Gets the root or creator ref that creates shares; its token is in the credentials file. Null: this client only
    /// joins shares.
    /// </summary>
    public string? CreatorCapId { get; set; }

    /// <summary>Gets the bytes of unsent ops at which enqueueing is refused. Default: 1 GiB.</summary>
    public long MaxOutboxBytes { get; set; } = 1024L * 1024 * 1024;

    /// <summary>
    /// Gets the number of batches of one share that may be unacknowledged at once, 1 to 32. Default: 4.
    /// </summary>
    public int BatchesInFlight { get; set; } = 4;

    /// <summary>Shares that are sent at the same time, 1 to 256. Default 32.</summary>
    public int SharesAtOnce { get; set; } = 32;

    /// <summary>Gets the first ceiling of the backoff. Default 100 ms.</summary>
    public TimeSpan FirstRetry { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Gets the last ceiling of the backoff. Default 15 s.</summary>
    public TimeSpan MaxRetry { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Gets how long a sender that died keeps the others waiting. Default 10 s.</summary>
    public TimeSpan LeaseTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets how often changes by other processes are looked for. Default 250 ms.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Gets how long a share without work keeps its handle. Default 30 s.</summary>
    public TimeSpan IdleTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Gets how long <c>invalid_token</c> on a joined share counts as "not there yet". Default 3 minutes.
    /// </summary>
    public TimeSpan InvalidTokenPatience { get; set; } = TimeSpan.FromMinutes(3);

    /// <summary>
    /// Gets how long an op whose dependency the share lacks is kept waiting before it is parked. Default 10 minutes.
    /// </summary>
    public TimeSpan DependencyPatience { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Gets the interval at which such an op is retried, in case another writer sends its dependency. Default: 30 s. An
    /// ack for an op of this outbox queues it at once.
    /// </summary>
    public TimeSpan DependencyRetry { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Gets the shortest time between two attempts to connect, however much is enqueued meanwhile. Default 1 s.
    /// </summary>
    public TimeSpan WokenRetry { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets how often an idle connection is pinged. Default 15 s.</summary>
    public TimeSpan KeepAliveInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Gets the time without an answer to a ping after which the connection is given up. Default: 20 s.
    /// </summary>
    public TimeSpan KeepAliveTimeout { get; set; } = TimeSpan.FromSeconds(20);

    public ILoggerFactory Logging { get; set; } = NullLoggerFactory.Instance;

    internal TransportFactory? Transport { get; set; }

    internal void Validate()
    {
        if (Server is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
        {
            throw new ArgumentException("Server must be an absolute http or https address.");
        }
        if (string.IsNullOrWhiteSpace(OutboxPath)) throw new ArgumentException("OutboxPath is empty.");
        if (string.IsNullOrWhiteSpace(CredentialsPath)) throw new ArgumentException("CredentialsPath is empty.");
        if (BatchesInFlight is < 1 or > 32) throw new ArgumentException("BatchesInFlight must be 1 to 32.");
        if (SharesAtOnce is < 1 or > 256) throw new ArgumentException("SharesAtOnce must be 1 to 256.");
        if (MaxOutboxBytes < 1024 * 1024) throw new ArgumentException("MaxOutboxBytes must be at least 1 MiB.");
        CheckPositive(FirstRetry, nameof(FirstRetry));
        CheckPositive(MaxRetry, nameof(MaxRetry));
        CheckPositive(LeaseTime, nameof(LeaseTime));
        CheckPositive(PollInterval, nameof(PollInterval));
        CheckPositive(IdleTime, nameof(IdleTime));
        CheckPositive(DependencyPatience, nameof(DependencyPatience));
        CheckPositive(DependencyRetry, nameof(DependencyRetry));
        CheckPositive(WokenRetry, nameof(WokenRetry));
        CheckPositive(KeepAliveInterval, nameof(KeepAliveInterval));
        CheckPositive(KeepAliveTimeout, nameof(KeepAliveTimeout));
    }

    private static void CheckPositive(TimeSpan span, string name)
    {
        if (span <= TimeSpan.Zero) throw new ArgumentException($"{name} must be positive.");
    }
}

/// <summary>Where a client stands with its server.</summary>
public enum ConnectionState
{
    /// <summary>Not connected, and not trying: there is nothing to send, or another process sends.</summary>
    Idle,

    /// <summary>Trying to connect.</summary>
    Connecting,

    Connected,
}
