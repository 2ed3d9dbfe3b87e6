using ShareRpc.Sources.Following;
using ShareRpc.Sources.Opencode;

namespace ShareRpc.Cli.Sharing;

/// <summary>
/// Reads the chosen sessions: those in the tables of OpenCode 1, and those of all other storages. A session that is
/// migrated while it is followed goes over from the one to the other.
/// </summary>
internal sealed class SharingSources(OpencodeSessions? older, FollowedSessions? followed) : IDisposable
{
    public OpencodeSessions? Older => older;

    public FollowedSessions? Followed => followed;

    /// <summary>Gets what the last look failed on; null if it did not.</summary>
    public string? LastError
    {
        get
        {
            Exception? error = older?.LastError ?? followed?.LastError;
            if (error is not null) return Failure.Of(error).Message;
            SessionFollower? failed = followed?.Sessions.FirstOrDefault(session => session.LastError is not null);
            return failed is null ? null : $"{failed.Session.Id}: {Failure.Of(failed.LastError!).Message}";
        }
    }

    public async Task LookAsync(CancellationToken stop)
    {
        if (older is not null) await older.LookAsync(stop).ConfigureAwait(false);
        if (followed is not null) await followed.LookAsync(stop).ConfigureAwait(false);
    }

    /// <summary>Follows until cancelled, or until one of them ends by an error.</summary>
    public async Task TailAsync(CancellationToken stop)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task[] tails =
        [
            .. older is null ? Array.Empty<Task>() : [older.TailAsync(both.Token)],
            .. followed is null ? Array.Empty<Task>() : [followed.TailAsync(both.Token)],
        ];
        Task first = await Task.WhenAny(tails).ConfigureAwait(false);
        await both.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(tails).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first.ConfigureAwait(false);
    }

    public async Task SettleAsync(CancellationToken stop)
    {
        if (older is not null) await older.SettleAsync(stop).ConfigureAwait(false);
        if (followed is not null) await followed.SettleAsync(stop).ConfigureAwait(false);
    }

    public void Dispose()
    {
        older?.Dispose();
        followed?.Dispose();
    }
}
