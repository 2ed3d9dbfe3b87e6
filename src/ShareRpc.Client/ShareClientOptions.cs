using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ShareRpc.Client.Connection;

namespace ShareRpc.Client;

/// <summary>How a client keeps and sends what it is given. Checked once, when it is opened.</summary>
public sealed record ShareClientOptions
{
    /// <summary>The server: an absolute http or https address.</summary>
    public required Uri Server { get; init; }

    /// <summary>The outbox's SQLite file; made if it is not there.</summary>
    public required string OutboxPath { get; init; }

    /// <summary>The credentials file, mode 0600; made if it is not there.</summary>
    public required string CredentialsPath { get; init; }

    /// <summary>
    /// The root or creator ref that creates shares; its token is in the credentials file. Null: this client only joins shares.
    /// </summary>
    public string? CreatorCapId { get; init; }

    /// <summary>Bytes of unsent ops at which enqueuing is refused. Default 1 GiB.</summary>
    public long MaxOutboxBytes { get; init; } = 1024L * 1024 * 1024;

    /// <summary>Batches of one share that may be unacknowledged at once, 1 to 32. Default 4.</summary>
    public int BatchesInFlight { get; init; } = 4;

    /// <summary>Shares that are sent at the same time, 1 to 256. Default 32.</summary>
    public int SharesAtOnce { get; init; } = 32;

    /// <summary>The first ceiling of the backoff. Default 100 ms.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The last ceiling of the backoff. Default 15 s.</summary>
    public TimeSpan MaxRetry { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a sender that died keeps the others waiting. Default 10 s.</summary>
    public TimeSpan LeaseTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often changes by other processes are looked for. Default 250 ms.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a share without work keeps its handle. Default 30 s.</summary>
    public TimeSpan IdleTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long <c>invalid_token</c> on a joined share counts as "not there yet". Default 3 minutes.</summary>
    public TimeSpan InvalidTokenPatience { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>How long an op whose dependency the share lacks is kept waiting before it is parked. Default 10 minutes.</summary>
    public TimeSpan DependencyPatience { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How often it is tried meanwhile, in case somebody else sends what it depends on. Default 30 s. What this outbox sends is not
    /// waited for: its ack queues the op at once.
    /// </summary>
    public TimeSpan DependencyRetry { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The shortest time between two attempts to connect, however much is enqueued meanwhile. Default 1 s.</summary>
    public TimeSpan WokenRetry { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often an idle connection is pinged. Default 15 s.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A server that answers no ping for this long is taken for gone. Default 20 s.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(20);

    public ILoggerFactory Logging { get; init; } = NullLoggerFactory.Instance;

    internal TransportFactory? Transport { get; init; }

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
