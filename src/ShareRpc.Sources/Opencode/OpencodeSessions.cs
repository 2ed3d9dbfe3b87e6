using Microsoft.Data.Sqlite;
using ShareRpc.Client;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Writing;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Opencode;

/// <summary>
/// Reads the selected sessions of one database, also later ones, each with its subagents into its own share. For one
/// caller at a time. The client sends the ops from its outbox.
/// </summary>
public sealed class OpencodeSessions : IDisposable
{
    // The pause is at least this multiple of the comparison time.
    private const int RowLoad = 20;

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    // Two writers correct each other once; more rounds mean that the session is still being written.
    private const int MaxRounds = 10;

    private readonly ShareClient client;
    private readonly OpencodeOptions options;
    private readonly TimeProvider time;
    private readonly Dictionary<string, OpencodeSync> syncs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OpencodeSessionInfo> seen = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Exception> failing = new(StringComparer.Ordinal);
    private OpencodeSelection selection;
    private OpencodeDatabase? database;
    private long openedAt;
    private DateTime madeAt;
    private long version;
    private bool rowsChanged;
    private long rowsComparedAt;
    private TimeSpan rowPause;
    private long checkedAt;
    private long failedAt;
    private TimeSpan failurePause;

    /// <summary>Initializes the object; does not open the database. The caller keeps the client.</summary>
    public OpencodeSessions(ShareClient client, OpencodeOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        this.client = client;
        this.options = options.Checked();
        this.time = time ?? TimeProvider.System;
        selection = options.Selection;
    }

    /// <summary>Called, and awaited, when a session has its share, before its first op is read.</summary>
    public Func<OpencodeSync, CancellationToken, Task>? Started { get; set; }

    /// <summary>Gets the sessions that have a share so far, in the order found.</summary>
    public IReadOnlyCollection<OpencodeSync> Sessions => [.. syncs.Values.Where(sync => !sync.IsSubagent)];

    /// <summary>
    /// Gets the error of the last pass, or null. A session that fails is named; the others go on, and it is tried again
    /// after a growing pause.
    /// </summary>
    public OpencodeException? LastError { get; private set; }

    /// <summary>Reads the database once; returns when new data is in the outbox.</summary>
    /// <returns>The number of enqueued ops.</returns>
    public async Task<int> LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            OpencodeDatabase source = Opened();
            long current = source.DataVersion();
            bool isRetryDue = failing.Count > 0 && time.GetElapsedTime(failedAt) >= failurePause;
            int enqueued = 0;
            if (current != version || isRetryDue)
            {
                rowsChanged = true;
                enqueued += await ChangedAsync(source, cancellationToken).ConfigureAwait(false);
                version = current;
            }

            enqueued += await RowsAsync(source, cancellationToken).ConfigureAwait(false);
            LastError = FindFailing();
            return LastError is null || seen.Count > 0 ? enqueued : throw LastError;
        }
        catch (SqliteException error)
        {
            Close();
            throw new OpencodeException(
                $"{options.DatabasePath} could not be read just now (SQLite error {error.SqliteErrorCode}). "
                + "If that stays so, look whether another program holds it locked.",
                error);
        }
    }

    /// <summary>
    /// Reads repeatedly until cancelled. Retries a locked or missing file; see <see cref="LastError"/>.
    /// </summary>
    public async Task TailAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(options.PollInterval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            try
            {
                await LookAsync(cancellationToken).ConfigureAwait(false);
                await CheckIdleAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OpencodeException error)
            {
                LastError = error;
            }
        }
    }

    /// <summary>
    /// Waits until the server acknowledged or refused everything read. With other writers, also until the share equals
    /// the rows, for at most 10 rounds and while the server answers.
    /// </summary>
    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        for (int round = 0; round < MaxRounds; round++)
        {
            int done = 0;
            foreach (OpencodeSync sync in syncs.Values.Where(sync => sync.NeedsCheck).ToList())
                done += await CheckAsync(sync, cancellationToken).ConfigureAwait(false);
            if (done == 0) return;
            await FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Close();

    private async Task<int> ChangedAsync(OpencodeDatabase source, CancellationToken cancellationToken)
    {
        if (selection.SessionId is { } id && source.IsMigrated(id)) return 0;
        IReadOnlyList<OpencodeSessionInfo> chosen = selection.Choose(source.ListSessions());

        // Keep the session that was latest at the first look.
        if (!selection.IsAll) selection = OpencodeSelection.Of(chosen[0].Id);
        int enqueued = 0;
        var roots = new Dictionary<string, OpencodeSessionInfo>(StringComparer.Ordinal);
        foreach (OpencodeSessionInfo session in chosen)
        {
            OpencodeSessionInfo root = roots[session.Id] = session.ParentId is { } parent
                && roots.TryGetValue(parent, out OpencodeSessionInfo? its) ? its : session;
            if (seen.TryGetValue(session.Id, out OpencodeSessionInfo? before) && before == session) continue;
            enqueued += await AloneAsync(session.Id, async () =>
            {
                if (await StartedAsync(source, session, root, cancellationToken).ConfigureAwait(false) is not { } sync)
                    return 0;
                int ops = await PassAsync(source, sync, cancellationToken).ConfigureAwait(false);
                seen[session.Id] = session;
                return ops;
            }).ConfigureAwait(false);
        }

        foreach (string gone in seen.Keys.Except(chosen.Select(session => session.Id)).ToList())
        {
            await AloneAsync(gone, () => PassAsync(source, syncs[gone], cancellationToken)).ConfigureAwait(false);
            seen.Remove(gone);
        }

        foreach (string gone in failing.Keys.Except(chosen.Select(session => session.Id)).ToList())
            failing.Remove(gone);
        return enqueued;
    }

    private async Task<int> RowsAsync(OpencodeDatabase source, CancellationToken cancellationToken)
    {
        if (!rowsChanged || time.GetElapsedTime(rowsComparedAt) < rowPause) return 0;
        long started = time.GetTimestamp();
        int enqueued = 0;
        foreach (OpencodeSessionInfo session in seen.Values.Where(session => session.EventSeq < 0).ToList())
            enqueued += await AloneAsync(session.Id, () => PassAsync(source, syncs[session.Id], cancellationToken))
                .ConfigureAwait(false);
        rowsChanged = false;
        rowsComparedAt = time.GetTimestamp();
        TimeSpan load = time.GetElapsedTime(started) * RowLoad;
        rowPause = load > options.RowInterval ? load : options.RowInterval;
        return enqueued;
    }

    private async Task<int> PassAsync(OpencodeDatabase source, OpencodeSync sync, CancellationToken cancellationToken)
    {
        using IDisposable turn =
            await SyncLock.TakeAsync(options.LockPath, time, cancellationToken).ConfigureAwait(false);
        return await sync.PassAsync(source, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Does something for one session. What is closed, or fails unexpectedly, must not stop the others; a full outbox,
    /// unusable credentials and an unreadable database stop all.
    /// </summary>
    private async Task<int> AloneAsync(string sessionId, Func<Task<int>> work)
    {
        try
        {
            int done = await work().ConfigureAwait(false);
            failing.Remove(sessionId);
            if (failing.Count == 0) failurePause = TimeSpan.Zero;
            return done;
        }
        catch (OutboxException) when (syncs.TryGetValue(sessionId, out OpencodeSync? sync)
            && sync.Writer.Status.ClosedCode is not null)
        {
            return 0;
        }
        catch (Exception error) when (error is OutboxException or CredentialStoreException)
        {
            throw new OpencodeException(error.Message, error);
        }
        catch (Exception error) when (
            error is not (OperationCanceledException or SqliteException or OpencodeException or OutOfMemoryException))
        {
            failing[sessionId] = error;
            seen.Remove(sessionId);
            failedAt = time.GetTimestamp();
            failurePause = failurePause == TimeSpan.Zero ? options.PollInterval : failurePause * 2;
            if (failurePause > LongestPause) failurePause = LongestPause;
            return 0;
        }
    }

    private OpencodeException? FindFailing() => failing.Count == 0 ? null : new OpencodeException(
        $"Session {failing.First().Key} could not be read or queued ({failing.First().Value.GetType().Name}), and "
            + $"{failing.Count - 1} more. The others go on; it is tried again.",
        failing.First().Value);

    /// <summary>Returns null for a subagent whose root's share takes none.</summary>
    private async Task<OpencodeSync?> StartedAsync(
        OpencodeDatabase source, OpencodeSessionInfo session, OpencodeSessionInfo root,
        CancellationToken cancellationToken)
    {
        if (syncs.TryGetValue(session.Id, out OpencodeSync? known)) return known;
        if (session.Id != root.Id)
        {
            OpencodeSync? its = await StartedAsync(source, root, root, cancellationToken).ConfigureAwait(false);
            if (its is not { TakesSubagents: true }) return null;
            return syncs[session.Id] = its.AddSubagent(session);
        }

        session = session with { Title = new SecretFilter(options.Secrets).Clean(session.Title) };
        OpencodeOwnShare? own = options.Into is null ? FindOwnShare(source, session.Id) : null;
        string externalKey = own is null ? $"opencode:{session.Id}" : $"opencode:{session.Id}@{own.Append.ShareId}";
        ShareWriter writer = (options.Into ?? own?.Append) is { } link
            ? await client.JoinShareAsync(externalKey, link, cancellationToken).ConfigureAwait(false)
            : await client.CreateShareAsync(externalKey, session.Label, cancellationToken).ConfigureAwait(false);
        var sync = new OpencodeSync(session, writer, own?.Read, options.Secrets);
        if (Started is { } started) await started(sync, cancellationToken).ConfigureAwait(false);
        syncs.Add(session.Id, sync);
        return sync;
    }

    private OpencodeOwnShare? FindOwnShare(OpencodeDatabase source, string sessionId) =>
        source.FindShare(sessionId) is { } own
            && own.Append.Server.AbsoluteUri == client.Server.AbsoluteUri ? own : null;

    /// <summary>Returns the database, reopened at intervals. Call only at the start of a pass.</summary>
    private OpencodeDatabase Opened()
    {
        // SQLite reads on in a deleted or replaced file. The creation time shows it; without creation times, the
        // reopening does.
        DateTime made = File.GetCreationTimeUtc(options.DatabasePath);
        bool isTheSame = made == madeAt && time.GetElapsedTime(openedAt) < options.ReopenInterval;
        if (database is { IsOutdated: false } && isTheSame) return database;
        Close();
        database = OpencodeDatabase.Open(options.DatabasePath, options.BusyTimeout);
        madeAt = made;
        openedAt = time.GetTimestamp();

        // Data versions of different connections are not comparable.
        version = -1;
        return database;
    }

    private async Task CheckIdleAsync(CancellationToken cancellationToken)
    {
        if (time.GetElapsedTime(checkedAt) < options.CheckInterval) return;
        checkedAt = time.GetTimestamp();
        foreach (OpencodeSync sync in syncs.Values.Where(sync => sync.NeedsCheck).ToList())
            await CheckAsync(sync, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Returns 0 without an answer.</summary>
    private Task<int> CheckAsync(OpencodeSync sync, CancellationToken cancellationToken) =>
        AloneAsync(sync.SessionId, async () =>
        {
            IReadOnlyList<Document>? held = await sync.ReadShareAsync(time, cancellationToken).ConfigureAwait(false);
            if (held is null) return 0;
            using IDisposable turn =
                await SyncLock.TakeAsync(options.LockPath, time, cancellationToken).ConfigureAwait(false);
            await sync.CheckAsync(Opened(), held, cancellationToken).ConfigureAwait(false);
            return 1;
        });

    private Task FlushAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(syncs.Values.Select(sync => sync.Writer.FlushAsync(cancellationToken)));

    private void Close()
    {
        database?.Dispose();
        database = null;
    }
}
