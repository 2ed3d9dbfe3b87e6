using System.Security.Cryptography;

namespace ShareRpc.Client.Connection;

/// <summary>
/// Full jitter under a ceiling that doubles every second time: a server that restarts is found again soon. Not
/// thread-safe.
/// </summary>
internal sealed class Backoff(TimeSpan first, TimeSpan cap)
{
    private int failures;

    public TimeSpan Next(TimeSpan? atLeast = null)
    {
        double ceiling =
            Math.Min(cap.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, Math.Min(failures++ / 2, 30)));
        TimeSpan jittered = TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(1, Math.Max(2, (int)ceiling)));
        return atLeast is { } floor ? floor + jittered : jittered;
    }

    public void Reset() => failures = 0;
}
