namespace ShareRpc.Server.Read;

/// <summary>What a subscriber is to get next.</summary>
/// <param name="Subscription">Its number, which the message names.</param>
/// <param name="After">The cursor before the page.</param>
/// <param name="MaxBytes">The bytes of ops; one op always fits.</param>
internal readonly record struct PageWish(int Subscription, long After, int MaxBytes);

/// <summary>An encoded notification for all subscribers who wish for the same. Immutable.</summary>
/// <param name="Wish">What it is the answer to.</param>
/// <param name="Profile">What its readers may see.</param>
/// <param name="Cursor">The cursor of the last op.</param>
/// <param name="Bytes">The bytes of its ops.</param>
/// <param name="Message">The whole message.</param>
internal sealed record SharedPage(
    PageWish Wish, string Profile, long Cursor, int Bytes, ReadOnlyMemory<byte> Message)
{
    /// <summary>Gets the <c>params</c> of the message.</summary>
    public ReadOnlyMemory<byte> Params => Message[PageMessage.Envelope.Length..^1];

    /// <summary>Gets the cursor of lost data; then there is no message.</summary>
    public long? Gap { get; init; }
}
