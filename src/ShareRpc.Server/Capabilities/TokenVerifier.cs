using System.Security.Cryptography;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Capabilities;

/// <summary>
/// Checks a token digest against a ref: first the keyed tag in constant time, against a dummy for an unknown ref, so that wrong tokens
/// never
/// reach Argon2; then Argon2, so many at once.
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

    public async Task<bool> VerifyAsync(RefRow? row, string digest, CancellationToken cancellationToken)
    {
        if (!HasTag(row, digest)) return false;
        byte[] secret = Convert.FromHexString(digest);
        return await GateAsync(() => Argon2.Verify(row!.Verifier, secret), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The tag and verifier of a new ref.</summary>
    public async Task<(byte[] Tag, string Verifier)> MakeAsync(string digest, CancellationToken cancellationToken)
    {
        byte[] secret = Convert.FromHexString(digest);
        string verifier = await GateAsync(() => Argon2.Hash(secret), cancellationToken).ConfigureAwait(false);
        return (keys.TagOf(digest), verifier);
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
