using System.Globalization;
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
    /// <summary>A change with a passphrase counts so many times: it takes as much of a processor.</summary>
    private const int PassphraseChanges = 20;

    private readonly RateLimiter wrongTokens = new(limits.WrongTokensPerMinute, limits.LimitedKeys, time);
    private readonly RateLimiter guessesByRef = new(limits.PassphraseGuessesPerMinute, limits.LimitedKeys, time);
    private readonly RateLimiter guessesByAddress = new(limits.PassphraseGuessesPerMinute, limits.LimitedKeys, time);
    private readonly RateLimiter openCreations = new(limits.OpenCreationsPerMinute, limits.LimitedKeys, time);

    private readonly RateLimiter changes = new(
        limits.ChangesPerDay, limits.LimitedKeys, time, TimeSpan.FromDays(1));

    public ShareRpcException RefuseToken(string? address) =>
        wrongTokens.TryTake(ClientAddress.NetworkOf(address), out TimeSpan wait)
        ? new ShareRpcException(ErrorCode.InvalidToken)
        : RateLimiter.Refusal(wait);

    public void GiveBackToken(string? address) => wrongTokens.GiveBack(ClientAddress.NetworkOf(address));

    /// <summary>
    /// Delays an answer to who is beyond a limit, or until the caller gives up. Adds up to the same at random, against
    /// bursts.
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
        if (!guessesByRef.TryTake(row.CapId, out TimeSpan wait)) throw RateLimiter.Refusal(wait);
        if (!guessesByAddress.TryTake(network, out wait))
        {
            guessesByRef.GiveBack(row.CapId);
            throw RateLimiter.Refusal(wait);
        }

        bool isAllowed = await node.TakeGuessAsync(row.CapId, limits.PassphraseGuessesPerMinute).ConfigureAwait(false)
            && await node.TakeGuessAsync(network, limits.PassphraseGuessesPerMinute).ConfigureAwait(false);
        if (!isAllowed) throw RateLimiter.Refusal(TimeSpan.FromMinutes(1));
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
        if (!openCreations.TryTake(ClientAddress.NetworkOf(address), out TimeSpan wait))
            throw RateLimiter.Refusal(wait);
    }

    /// <summary>Bounds the refs and entries that the guests of a link leave in a day (SPEC [CAP-14]).</summary>
    public void TakeChange(Authority authority, bool hasPassphrase = false)
    {
        if (authority.Ref.ShareKey is null || authority.IsOwner) return;
        int count = hasPassphrase ? PassphraseChanges : 1;
        if (!changes.TryTake(KeyOf(authority.CountedRefs[^1]), out TimeSpan wait, count))
            throw RateLimiter.Refusal(wait);
    }

    /// <summary>Returns whether a link may make another grant today, by the same bound.</summary>
    public bool TryTakeGrant(RefRow link) => changes.TryTake(KeyOf(link.Key), out _);

    private static string KeyOf(long refKey) => refKey.ToString(CultureInfo.InvariantCulture);
}
