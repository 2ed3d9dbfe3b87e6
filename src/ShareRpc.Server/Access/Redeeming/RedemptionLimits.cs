using System.Security.Cryptography;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Redeeming;

/// <summary>
/// Tokens cannot be guessed: their limit only changes the answer, right ones are never refused. Passphrases can be:
/// their limit precedes the slow check and applies to right ones too.
/// </summary>
internal sealed class RedemptionLimits(ServerLimits limits, TimeProvider time, IServerNode node)
{
    private readonly RateLimiter wrongTokens = new(limits.WrongTokensPerMinute, limits.LimitedKeys, time);
    private readonly RateLimiter guessesByRef = new(limits.PassphraseGuessesPerMinute, limits.LimitedKeys, time);
    private readonly RateLimiter guessesByAddress = new(limits.PassphraseGuessesPerMinute, limits.LimitedKeys, time);
    private readonly RateLimiter openCreations = new(limits.OpenCreationsPerMinute, limits.LimitedKeys, time);

    public ShareRpcException RefuseToken(string? address) =>
        wrongTokens.TryTake(ClientAddress.NetworkOf(address), out TimeSpan wait)
        ? new ShareRpcException(ErrorCode.InvalidToken)
        : Limited(wait);

    public void GiveBackToken(string? address) => wrongTokens.GiveBack(ClientAddress.NetworkOf(address));

    /// <summary>
    /// Delays wrong tokens over the limit, or until the caller gives up. Adds up to the same at random, against bursts.
    /// </summary>
    public async Task HoldUpAsync(CancellationToken cancellationToken)
    {
        int delay = (int)limits.RateLimitedDelay.TotalMilliseconds;
        TimeSpan wait = TimeSpan.FromMilliseconds(delay + RandomNumberGenerator.GetInt32(delay + 1));
        await Task.Delay(wait, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>
    /// Throws if there were too many guesses, here or on all nodes. Call before the check; a right guess is given back.
    /// </summary>
    public async ValueTask TakeGuessAsync(RefRow row, string? address)
    {
        string network = ClientAddress.NetworkOf(address);
        if (!guessesByRef.TryTake(row.CapId, out TimeSpan wait)) throw Limited(wait);
        if (!guessesByAddress.TryTake(network, out wait))
        {
            guessesByRef.GiveBack(row.CapId);
            throw Limited(wait);
        }

        bool isAllowed = await node.TakeGuessAsync(row.CapId, limits.PassphraseGuessesPerMinute).ConfigureAwait(false)
            && await node.TakeGuessAsync(network, limits.PassphraseGuessesPerMinute).ConfigureAwait(false);
        if (!isAllowed) throw Limited(TimeSpan.FromMinutes(1));
    }

    public async ValueTask GiveBackGuessAsync(RefRow row, string? address)
    {
        string network = ClientAddress.NetworkOf(address);
        guessesByRef.GiveBack(row.CapId);
        guessesByAddress.GiveBack(network);
        await node.GiveBackGuessAsync(row.CapId).ConfigureAwait(false);
        await node.GiveBackGuessAsync(network).ConfigureAwait(false);
    }

    public void TakeOpenCreation(string? address)
    {
        if (!openCreations.TryTake(ClientAddress.NetworkOf(address), out TimeSpan wait)) throw Limited(wait);
    }

    private static ShareRpcException Limited(TimeSpan wait) =>
        new(ErrorCode.RateLimited) { RetryAfter = TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds)) };
}
