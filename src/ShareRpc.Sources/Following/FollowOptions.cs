using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Following;

/// <summary>Options of <see cref="FollowedSessions"/>.</summary>
internal sealed record FollowOptions
{
    /// <summary>Gets the storages to read.</summary>
    public required IReadOnlyList<IAgentStorage> Storages { get; init; }

    /// <summary>Gets the lock file, shared by all processes with the same outbox; created if missing.</summary>
    public required string LockPath { get; init; }

    /// <summary>Gets the agent and id of the one session to follow; null for all, later ones included.</summary>
    public (string Agent, string Id)? Chosen { get; init; }

    /// <summary>Gets the link of the share to continue; only for one session. Default: null, creates a share.</summary>
    public ShareLink? Into { get; init; }

    /// <summary>Gets the scanner that replaces secrets; null for none. Default: built-in rules.</summary>
    public SecretScanner? Secrets { get; init; } = SecretScanner.BuiltIn;

    /// <summary>Gets how often it looks without a file event, 10 ms to 10 s. Default: 250 ms.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Gets what returns the documents to remove before the first step of a session; null for none. Called once for a
    /// session that has no position yet.
    /// </summary>
    public Func<AgentSession, ShareWriter, CancellationToken, Task<IReadOnlyList<DocumentChange>>>? Before
    {
        get; init;
    }

    internal FollowOptions Checked()
    {
        ArgumentException.ThrowIfNullOrEmpty(LockPath);
        if (PollInterval < TimeSpan.FromMilliseconds(10) || PollInterval > TimeSpan.FromSeconds(10))
            throw new ArgumentOutOfRangeException(nameof(PollInterval), PollInterval,
                "PollInterval must be 10 ms to 10 s.");
        if (Into is not null && Chosen is null)
            throw new ArgumentException("Into takes one session, not all.", nameof(Into));
        return this;
    }
}
