using System.Security.Cryptography;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Redeeming;

/// <summary>
/// Checks a token digest against a ref: first the keyed tag in constant time, against a dummy for an unknown ref, so that wrong tokens
/// never reach Argon2; then Argon2, so many at once.
/// </summary>
internal sealed class TokenVerifier(SecretKeys keys, ServerLimits limits) : IDisposable
{
    private static readonly byte[] NoTag = new byte[8];
    private readonly SemaphoreSlim gate = new(limits.Argon2AtOnce);
    private int waiting;

    /// <summary>
    /// True when the digest has the ref's tag. 64 bits under a server key: enough to tell a repeated request from another.
    /// </summary>
    public bool HasTag(RefRow? row, string digest) =>
        CryptographicOperations.FixedTimeEquals(keys.TagOf(digest), row?.Tag ?? NoTag) && row is not null;

    /// <param name="row">The ref; null for an unknown one.</param>
    /// <param name="digest">What the caller brought.</param>
    /// <param name="isKnown">Asked again when it is this call's turn: of many that wait with one token, the first pays for all.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async Task<bool> VerifyAsync(RefRow? row, string digest, Func<RefRow, bool> isKnown, CancellationToken cancellationToken)
    {
        if (!HasTag(row, digest)) return false;
        byte[] secret = Convert.FromHexString(digest);
        return await GateAsync(() => isKnown(row!) || Argon2.Verify(row!.Verifier, secret), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The tag and verifier of a new ref.</summary>
    public async Task<(byte[] Tag, string Verifier)> MakeAsync(string digest, CancellationToken cancellationToken)
    {
        return (keys.TagOf(digest), await HashAsync(digest, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>The verifier of a passphrase digest.</summary>
    public Task<string> HashAsync(string digest, CancellationToken cancellationToken)
    {
        byte[] secret = Convert.FromHexString(digest);
        return GateAsync(() => Argon2.Hash(secret, limits.Argon2Passes, limits.Argon2Kibibytes), cancellationToken);
    }

    /// <summary>Whether a digest is that of a verifier.</summary>
    public Task<bool> MatchesAsync(string verifier, string digest, CancellationToken cancellationToken)
    {
        byte[] secret = Convert.FromHexString(digest);
        return GateAsync(() => Argon2.Verify(verifier, secret), cancellationToken);
    }

    /// <summary>False for a verifier made at another cost than the server's of today.</summary>
    public bool IsCurrent(string verifier) => Argon2.HasCost(verifier, limits.Argon2Passes, limits.Argon2Kibibytes);

    /// <summary>
    /// Whether a digest was that of the ref before it was rotated. Asked for unknown refs too, so that they take as long.
    /// </summary>
    public async Task<bool> WasOfAsync(IReadOnlyList<FormerSecret> former, string digest, CancellationToken cancellationToken)
    {
        byte[] tag = keys.TagOf(digest);
        FormerSecret? match = null;
        foreach (FormerSecret secret in former)
        {
            if (CryptographicOperations.FixedTimeEquals(tag, secret.Tag)) match = secret;
        }

        return match is not null && await MatchesAsync(match.Verifier, digest, cancellationToken).ConfigureAwait(false);
    }

    public void Dispose() => gate.Dispose();

    private async Task<T> GateAsync<T>(Func<T> compute, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref waiting) > limits.Argon2Waiting)
        {
            Interlocked.Decrement(ref waiting);
            throw new ShareRpcException(ErrorCode.Overloaded) { RetryAfter = limits.OverloadedRetryAfter };
        }

        try
        {
            await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }

        try
        {
            return await Task.Run(compute, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            gate.Release();
        }
    }
}
