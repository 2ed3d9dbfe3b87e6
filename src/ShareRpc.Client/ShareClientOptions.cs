using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ShareRpc.Client.Connection;

namespace ShareRpc.Client;

/// <summary>Client options, validated at opening.</summary>
public sealed record ShareClientOptions
{
    /// <summary>Gets the server: an absolute http or https address.</summary>
    public required Uri Server { get; set; }

    /// <summary>Gets the outbox path, created if missing.</summary>
    public required string OutboxPath { get; set; }

    /// <summary>Gets the credentials path, created if missing.</summary>
    public required string CredentialsPath { get; set; }

    /// <summary>Gets the ref that creates shares. Null: join only.</summary>
    public string? CreatorCapId { get; set; }

    /// <summary>Gets the outbox size limit in bytes. Default: 1 GiB.</summary>
    public long MaxOutboxBytes { get; set; } = 1024L * 1024 * 1024;

    /// <summary>Gets unacked batches per share, 1 to 32. Default: 4.</summary>
    public int BatchesInFlight { get; set; } = 4;

    /// <summary>Gets concurrent shares, 1 to 256. Default: 32.</summary>
    public int SharesAtOnce { get; set; } = 32;

    /// <summary>Gets the first backoff ceiling. Default: 100 ms.</summary>
    public TimeSpan FirstRetry { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Gets the last backoff ceiling. Default: 15 s.</summary>
    public TimeSpan MaxRetry { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Gets the sender's lease time. Default: 10 s.</summary>
    public TimeSpan LeaseTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets the poll interval. Default: 250 ms.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Gets an idle share's handle time. Default: 30 s.</summary>
    public TimeSpan IdleTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets how long joins retry <c>invalid_token</c>. Default: 3 min.</summary>
    public TimeSpan InvalidTokenPatience { get; set; } = TimeSpan.FromMinutes(3);

    /// <summary>Gets how long ops wait for dependencies. Default: 10 min.</summary>
    public TimeSpan DependencyPatience { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Gets the retry interval of such ops. Default: 30 s.</summary>
    public TimeSpan DependencyRetry { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets the minimum reconnect interval. Default: 1 s.</summary>
    public TimeSpan WokenRetry { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets the ping interval. Default: 15 s.</summary>
    public TimeSpan KeepAliveInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Gets the ping timeout. Default: 20 s.</summary>
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

/// <summary>Connection state of a client.</summary>
public enum ConnectionState
{
    /// <summary>No work, or another process sends.</summary>
    Idle,

    /// <summary>Trying to connect.</summary>
    Connecting,

    Connected,
}
