using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ShareRpc.Client.Connection;
using ShareRpc.Client.Credentials;

namespace ShareRpc.Client.Reading;

/// <summary>How a reader behaves.</summary>
public sealed record ShareReaderOptions
{
    public static readonly ShareReaderOptions Default = new();

    /// <summary>For links that ask for one.</summary>
    public string? Passphrase { get; init; }

    /// <summary>
    /// Where the grant of a counted or locked link is kept, so that a later reader of the link needs neither another use nor the
    /// passphrase. Null: in memory, for this reader alone.
    /// </summary>
    public CredentialStore? Credentials { get; init; }

    /// <summary>How long <c>invalid_token</c> counts as "not there yet". Default 0: it is final at once.</summary>
    public TimeSpan InvalidTokenPatience { get; init; } = TimeSpan.Zero;

    /// <summary>How long one read waits at the server. Default 25 s.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>The first ceiling of the backoff. Default 100 ms.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The last ceiling of the backoff. Default 10 s.</summary>
    public TimeSpan MaxRetry { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often an idle connection is pinged. Default 15 s.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A server that answers no ping for this long is taken for gone. Default 20 s.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Called when the state changes, on the reader's own flow.</summary>
    public Action<ReaderState>? OnState { get; init; }

    public ILoggerFactory Logging { get; init; } = NullLoggerFactory.Instance;

    internal TransportFactory? Transport { get; init; }
}
