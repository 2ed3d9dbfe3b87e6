using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Following;

/// <summary>
/// Follows the chosen sessions, also later ones, each into its own share. For one caller at a time. The client sends
/// the ops from its outbox.
/// </summary>
internal sealed class FollowedSessions : IDisposable
{
    // Listing takes at most this part of the time.
    private const int ListLoad = 5;

    // What follows an event shortly after is read with it.
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(20);

    private readonly ShareClient client;
    private readonly FollowOptions options;
    private readonly TimeProvider time;
    private readonly Dictionary<string, SessionFollower> followers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ShareWriter> ahead = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SessionFollower?> owners = new(StringComparer.Ordinal); // null: of several
    private readonly Dictionary<string, (string Path, DateTimeOffset Updated, long Size)> seen =
        new(StringComparer.Ordinal);
    private long listedAt;
    private TimeSpan listPause;

    /// <summary>Initializes the object; reads nothing yet. The caller keeps the client.</summary>
    public FollowedSessions(ShareClient client, FollowOptions options, TimeProvider? time = null)
    {
        this.client = client;
        this.options = options.Checked();
        this.time = time ?? TimeProvider.System;
    }

    /// <summary>Called, and awaited, when a session has its share, before its first op is read.</summary>
    public Func<SessionFollower, CancellationToken, Task>? Started { get; set; }

    /// <summary>Gets the sessions so far, in the order found.</summary>
    public IReadOnlyCollection<SessionFollower> Sessions => followers.Values;

    /// <summary>Gets why the last look at a storage failed; null if it did not. A session has its own.</summary>
    public Exception? LastError { get; private set; }

    /// <summary>
    /// Reads everything once; returns the number of enqueued ops. Throws what a storage that cannot be placed says. The
    /// failure of one session is kept at its follower, unless it is the only one.
    /// </summary>
    public async Task<int> LookAsync(CancellationToken cancellationToken)
    {
        int enqueued = await ListAsync(cancellationToken).ConfigureAwait(false);
        if (options.Chosen is not null && followers.Values.FirstOrDefault() is { LastError: { } error }) throw error;
        return enqueued;
    }

    /// <summary>Follows until cancelled, by file events, and by looking at intervals.</summary>
    public async Task TailAsync(CancellationToken cancellationToken)
    {
        using var events = new FolderEvents(options.Storages.SelectMany(storage => storage.WatchedFolders));
        while (true)
        {
            Task changed = events.Changed;
            try
            {
                await LookAgainAsync(events.TakeWritten(), cancellationToken).ConfigureAwait(false);
                LastError = null;
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                LastError = error; // said by the caller; tried again
            }

            await Task.WhenAny(changed, Task.Delay(options.PollInterval, time, cancellationToken))
                .ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (changed.IsCompleted) await Task.Delay(Gather, time, cancellationToken).ConfigureAwait(false);
            else events.Watch();
        }
    }

    /// <summary>Waits until the server acknowledged or refused everything read.</summary>
    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        foreach (SessionFollower follower in followers.Values.ToList())
            await follower.Writer.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SessionFollower follower in followers.Values) follower.Dispose();
    }

    /// <summary>
    /// Reads the one session without listing the others. When all are followed, lists them; when that takes long, reads
    /// those that were written to until the next list.
    /// </summary>
    private async Task LookAgainAsync(IEnumerable<string> written, CancellationToken cancellationToken)
    {
        if (options.Chosen is not null && followers.Values.FirstOrDefault() is { LastError: null } one)
            await PassAsync(one, cancellationToken).ConfigureAwait(false);
        else if (time.GetElapsedTime(listedAt) >= listPause)
            await ListAsync(cancellationToken).ConfigureAwait(false);
        else
        {
            foreach (SessionFollower follower in written.Select(OwnerOf).OfType<SessionFollower>().Distinct().ToList())
                await PassAsync(follower, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Returns the session that a file belongs to: its own, or one below a folder of its name.</summary>
    private SessionFollower? OwnerOf(string path)
    {
        string? at = Path.ChangeExtension(path, null);
        while (at is not null && !owners.ContainsKey(at)) at = Path.GetDirectoryName(at);
        return at is null ? null : owners[at];
    }

    private async Task<int> ListAsync(CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        IReadOnlyList<(IAgentStorage Storage, AgentSession Session)> listed = [.. options.Storages
            .Where(storage => options.Chosen is not { } chosen || chosen.Agent == storage.Agent)
            .SelectMany(storage => storage.Sessions().Select(session => (storage, session)))
            .Where(found => options.Chosen is not { } chosen || chosen.Id == found.session.Id)
            .OrderBy(found => found.session.Updated)];
        listPause = time.GetElapsedTime(started) * ListLoad;
        int enqueued = 0;
        foreach ((int at, (IAgentStorage storage, AgentSession session)) in listed.Index())
        {
            (string, DateTimeOffset, long) now = (session.Path, session.Updated, session.Size);
            bool isSeen = seen.TryGetValue(session.ExternalKey, out (string, DateTimeOffset, long) before)
                && before == now;
            if (isSeen && options.Chosen is null) continue;
            if (options.Into is null && IsNew(session))
                await CreateAsync(listed.Skip(at).Select(next => next.Session).Where(IsNew), cancellationToken)
                    .ConfigureAwait(false);
            SessionFollower follower = await StartedAsync(storage, session, cancellationToken).ConfigureAwait(false);
            follower.Session = session;
            string place = Path.ChangeExtension(session.Path, null);
            owners[place] = owners.GetValueOrDefault(place, follower) == follower ? follower : null;
            enqueued += await PassAsync(follower, cancellationToken).ConfigureAwait(false);
            if (follower.LastError is null) seen[session.ExternalKey] = now;
        }

        listedAt = time.GetTimestamp();
        return enqueued;
    }

    /// <summary>
    /// Creates shares ahead, each time as many as there are: of many sessions, each alone would write all credentials.
    /// </summary>
    private async Task CreateAsync(IEnumerable<AgentSession> sessions, CancellationToken cancellationToken)
    {
        List<AgentSession> next = [.. sessions.Take(Math.Max(1, followers.Count))];
        IReadOnlyList<ShareWriter> made = await client.CreateSharesAsync(
            [.. next.Select(session => (session.ExternalKey, LabelOf(session)))], cancellationToken)
            .ConfigureAwait(false);
        foreach ((AgentSession session, ShareWriter writer) in next.Zip(made)) ahead[session.ExternalKey] = writer;
    }

    private bool IsNew(AgentSession session) =>
        !followers.ContainsKey(session.ExternalKey) && !ahead.ContainsKey(session.ExternalKey);

    private string? LabelOf(AgentSession session) =>
        AgentSession.LabelOf(new SecretFilter(options.Secrets).Clean(session.Title));

    private async Task<SessionFollower> StartedAsync(
        IAgentStorage storage, AgentSession session, CancellationToken cancellationToken)
    {
        if (followers.TryGetValue(session.ExternalKey, out SessionFollower? known)) return known;
        ShareWriter writer = ahead.Remove(session.ExternalKey, out ShareWriter? created) ? created
            : await client.JoinShareAsync(session.ExternalKey, options.Into!, cancellationToken).ConfigureAwait(false);
        var follower = new SessionFollower(session, storage, writer, options.Secrets);
        if (options.Before is { } before)
            follower.Before = await before(session, writer, cancellationToken).ConfigureAwait(false);
        followers.Add(session.ExternalKey, follower);
        if (Started is { } started) await started(follower, cancellationToken).ConfigureAwait(false);
        return follower;
    }

    /// <summary>Keeps the failure of a session from the others; a full outbox stops all.</summary>
    private async Task<int> PassAsync(SessionFollower follower, CancellationToken cancellationToken)
    {
        using IDisposable turn =
            await SyncLock.TakeAsync(options.LockPath, time, cancellationToken).ConfigureAwait(false);
        try
        {
            int enqueued = await follower.PassAsync(cancellationToken).ConfigureAwait(false);
            follower.LastError = null;
            return enqueued;
        }
        catch (OutboxException) when (follower.Writer.Status.ClosedCode is null)
        {
            throw;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            follower.LastError = error is OutboxException ? null : error;
            seen.Remove(follower.Session.ExternalKey);
            return 0;
        }
    }
}
