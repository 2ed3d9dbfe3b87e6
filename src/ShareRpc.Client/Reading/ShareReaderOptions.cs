using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ShareRpc.Client.Connection;
using ShareRpc.Client.Credentials;

namespace ShareRpc.Client.Reading;

/// <summary>Options of a reader.</summary>
public sealed record ShareReaderOptions
{
    public static readonly ShareReaderOptions Default = new();

    /// <summary>Gets the link's passphrase, or null.</summary>
    public string? Passphrase { get; init; }

    /// <summary>Gets where the grant is kept for later readers. Null: memory.</summary>
    public CredentialStore? Credentials { get; init; }

    /// <summary>
    /// Gets the generation (<see cref="ShareReader.Generation"/>) in which the cursor to follow from was read. Null:
    /// not known.
    /// </summary>
    public long? Generation { get; init; }

    /// <summary>Gets how long <c>invalid_token</c> is retried. Default: 0.</summary>
    public TimeSpan InvalidTokenPatience { get; init; } = TimeSpan.Zero;

    /// <summary>Gets a read's wait. Default: 25 s.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>Gets the first backoff ceiling. Default: 100 ms.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Gets the last backoff ceiling. Default: 10 s.</summary>
    public TimeSpan MaxRetry { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets the ping interval. Default: 15 s.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Gets the ping timeout. Default: 20 s.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Gets the state handler; runs on the reader's flow.</summary>
    public Action<ReaderState>? OnState { get; init; }

    public ILoggerFactory Logging { get; init; } = NullLoggerFactory.Instance;

    internal TransportFactory? Transport { get; init; }
}

/// <summary>State of a following reader.</summary>
public enum ReaderState
{
    Connecting,

    /// <summary>Reading old ops.</summary>
    CatchingUp,

    /// <summary>Waiting for new ops.</summary>
    Live,

    /// <summary>Waiting to retry.</summary>
    Reconnecting,

    /// <summary>The share ended; all ops were read.</summary>
    Ended,
}
