using System.Security.Cryptography;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Redeeming;

/// <summary>
/// How often somebody may be wrong. A wrong token costs next to nothing and cannot be guessed, so the limit only turns
/// the answer into "wait"; a right token is never refused for its neighbours. A passphrase can be guessed, so its limit
/// stands before the slow check and holds for right ones too.
/// </summary>
internal sealed class RedemptionLimits(ServerLimits limits, TimeProvider time)
{
    private readonly RateLimiter wrongTokens = new(limits.WrongTokensPerMinute, limits.LimitedKeys, time);
    private readonly RateLimiter guessesByRef = new(limits.PassphraseGuessesPerMinute, limits.LimitedKeys, time);
    private readonly RateLimiter guessesByAddress = new(limits.PassphraseGuessesPerMinute, limits.LimitedKeys, time);
    private readonly RateLimiter openCreations = new(limits.OpenCreationsPerMinute, limits.LimitedKeys, time);

    /// <summary>
    /// What a wrong token is answered: <c>invalid_token</c>, or <c>rate_limited</c> when there were too many.
    /// </summary>
    public ShareRpcException RefuseToken(string? address) => wrongTokens.TryTake(ClientAddress.NetworkOf(address), out TimeSpan wait)
        ? new ShareRpcException(ErrorCode.InvalidToken)
        : Limited(wait);

    /// <summary>It was not wrong after all, but that of a ref before it was rotated.</summary>
    public void GiveBackToken(string? address) => wrongTokens.GiveBack(ClientAddress.NetworkOf(address));

    /// <summary>
    /// Ends after the time that a wrong token beyond the limit has to wait, or when its caller gives up: whoever floods
    /// has only so many calls under way. Up to as long again at random, or all of a flood would be answered at the same
    /// moments, and others wait behind that.
    /// </summary>
    public async Task HoldUpAsync(CancellationToken cancellationToken)
    {
        int delay = (int)limits.RateLimitedDelay.TotalMilliseconds;
        TimeSpan wait = TimeSpan.FromMilliseconds(delay + RandomNumberGenerator.GetInt32(delay + 1));
        await Task.Delay(wait, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>
    /// Throws when there were too many guesses. Taken before the guess is looked at; given back by a right one.
    /// </summary>
    public void TakeGuess(RefRow row, string? address)
    {
        if (!guessesByRef.TryTake(row.CapId, out TimeSpan wait)) throw Limited(wait);
        if (!guessesByAddress.TryTake(ClientAddress.NetworkOf(address), out wait))
        {
            guessesByRef.GiveBack(row.CapId);
            throw Limited(wait);
        }
    }

    public void GiveBackGuess(RefRow row, string? address)
    {
        guessesByRef.GiveBack(row.CapId);
        guessesByAddress.GiveBack(ClientAddress.NetworkOf(address));
    }

    /// <summary>Throws when an address has made too many shares without a token.</summary>
    public void TakeOpenCreation(string? address)
    {
        if (!openCreations.TryTake(ClientAddress.NetworkOf(address), out TimeSpan wait)) throw Limited(wait);
    }

    private static ShareRpcException Limited(TimeSpan wait) =>
        new(ErrorCode.RateLimited) { RetryAfter = TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds)) };
}
