using System.Security.Cryptography;

namespace ShareRpc.Client.Connection;

/// <summary>
/// Exponential backoff with full jitter and a cap; what the server asks to wait is a floor. One owner at a time.
/// </summary>
internal sealed class Backoff(TimeSpan first, TimeSpan cap)
{
    private int failures;

    /// <summary>
    /// Returns how long to wait after one more failure: anything from nothing to a ceiling that doubles each time.
    /// </summary>
    public TimeSpan Next(TimeSpan? atLeast = null)
    {
        double ceiling =
            Math.Min(cap.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, Math.Min(failures++, 30)));
        TimeSpan jittered = TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(1, Math.Max(2, (int)ceiling)));
        return atLeast is { } floor ? floor + jittered : jittered;
    }

    public void Reset() => failures = 0;
}
