using Microsoft.Data.Sqlite;
using ShareRpc.Client;
using ShareRpc.Client.Writing;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Opencode;

/// <summary>
/// The chosen sessions of one database, each on its way into a share of its own: one connection, one poll for all,
/// sessions that appear later included. For one caller at a time. Ops go into the client's outbox; sending them is the
/// client's business.
/// </summary>
public sealed class OpencodeSessions : IDisposable
{
    // Comparing rows may take up to this share of the time.
    private const int RowLoad = 20;

    // Two writers that correct each other take turns once; more rounds than this means that the session is simply being
    // written.
    private const int MaxRounds = 10;

    private readonly ShareClient client;
    private readonly OpencodeOptions options;
    private readonly TimeProvider time;
    private readonly Dictionary<string, OpencodeSync> syncs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OpencodeSessionInfo> seen = new(StringComparer.Ordinal);
    private OpencodeSelection selection;
    private OpencodeDatabase? database;
    private long openedAt;
    private DateTime madeAt;
    private long version;
    private bool rowsChanged;
    private long rowsComparedAt;
    private TimeSpan rowPause;
    private long checkedAt;

    /// <summary>
    /// Initializes the object without opening the database. The caller keeps the client and disposes it.
    /// </summary>
    public OpencodeSessions(ShareClient client, OpencodeOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        this.client = client;
        this.options = options.Checked();
        this.time = time ?? TimeProvider.System;
        selection = options.Selection;
    }

    /// <summary>Called when a session has its share, before its first op is read; awaited.</summary>
    public Func<OpencodeSync, CancellationToken, Task>? Started { get; set; }

    /// <summary>Gets the sessions read so far, in the order in which they were found.</summary>
    public IReadOnlyCollection<OpencodeSync> Sessions => syncs.Values;

    /// <summary>Gets the error of the last pass of <see cref="TailAsync"/>; null if it succeeded.</summary>
    public OpencodeException? LastError { get; private set; }

    /// <summary>
    /// Reads the database once; what is new in the selected sessions is in the outbox when this returns.
    /// </summary>
    /// <returns>How many ops were enqueued.</returns>
    public async Task<int> LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            OpencodeDatabase source = Opened();
            long current = source.DataVersion();
            int enqueued = 0;
            if (current != version)
            {
                rowsChanged = true;
                enqueued += await ChangedAsync(source, cancellationToken).ConfigureAwait(false);
                version = current;
            }

            return enqueued + await RowsAsync(source, cancellationToken).ConfigureAwait(false);
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
    /// Reads the database repeatedly until it is cancelled. Waits for a file that is locked or missing; see
    /// <see cref="LastError"/>.
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
                LastError = null;
            }
            catch (OpencodeException error)
            {
                LastError = error;
            }
        }
    }

    /// <summary>
    /// Ends when the server has everything that was read: acknowledged, or refused for good. Where others write to a
    /// share too, it ends when the share holds the rows as they are.
    /// </summary>
    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        for (int round = 0; round < MaxRounds; round++)
        {
            int done = 0;
            foreach (OpencodeSync sync in syncs.Values.Where(sync => sync.NeedsCheck).ToList())
                done += await CheckAsync(sync, cancellationToken).ConfigureAwait(false) ? 1 : 0;
            if (done == 0) return;
            await FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Close();

    private async Task<int> ChangedAsync(OpencodeDatabase source, CancellationToken cancellationToken)
    {
        bool isAlone = options.WithoutSubagents || options.Into is not null;
        IReadOnlyList<OpencodeSessionInfo> chosen = selection.Choose(source.ListSessions(), isAlone);

        // The latest session is the latest of the first look; it does not change under whoever watches.
        if (!selection.IsAll) selection = OpencodeSelection.Of(chosen[0].Id);
        int enqueued = 0;
        foreach (OpencodeSessionInfo session in chosen)
        {
            if (seen.TryGetValue(session.Id, out OpencodeSessionInfo? before) && before == session) continue;
            OpencodeSync sync = await StartedAsync(source, session, cancellationToken).ConfigureAwait(false);
            enqueued += await PassAsync(source, sync, cancellationToken).ConfigureAwait(false);
            seen[session.Id] = session;
        }

        foreach (string gone in seen.Keys.Except(chosen.Select(session => session.Id)).ToList())
        {
            await PassAsync(source, syncs[gone], cancellationToken).ConfigureAwait(false);
            seen.Remove(gone);
        }

        return enqueued;
    }

    /// <summary>Compares the rows of sessions without an event log, at most once per interval.</summary>
    private async Task<int> RowsAsync(OpencodeDatabase source, CancellationToken cancellationToken)
    {
        if (!rowsChanged || time.GetElapsedTime(rowsComparedAt) < rowPause) return 0;
        long started = time.GetTimestamp();
        int enqueued = 0;
        foreach (OpencodeSessionInfo session in seen.Values.Where(session => session.EventSeq < 0).ToList())
            enqueued += await PassAsync(source, syncs[session.Id], cancellationToken).ConfigureAwait(false);
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
        try
        {
            return await sync.PassAsync(source, cancellationToken).ConfigureAwait(false);
        }
        catch (OutboxException error)
        {
            // A share that is closed says so in its status and must not keep the others from going on; a full outbox
            // stops them all.
            if (sync.Writer.Status.ClosedCode is not null) return 0;
            throw new OpencodeException(error.Message, error);
        }
    }

    private async Task<OpencodeSync> StartedAsync(
        OpencodeDatabase source, OpencodeSessionInfo session, CancellationToken cancellationToken)
    {
        if (syncs.TryGetValue(session.Id, out OpencodeSync? known)) return known;
        session = session with { Title = new SecretFilter(options.Secrets).Clean(session.Title) };
        OpencodeOwnShare? own = options.Into is null ? FindOwnShare(source, session.Id) : null;
        string externalKey = own is null ? $"opencode:{session.Id}" : $"opencode:{session.Id}@{own.Append.ShareId}";
        ShareWriter writer = (options.Into ?? own?.Append) is { } link
            ? await client.JoinShareAsync(externalKey, link, cancellationToken).ConfigureAwait(false)
            : await client.CreateShareAsync(externalKey, session.Label, cancellationToken).ConfigureAwait(false);
        var sync = new OpencodeSync(session, writer, own?.Read, options.Secrets);
        syncs.Add(session.Id, sync);
        if (Started is { } started) await started(sync, cancellationToken).ConfigureAwait(false);
        return sync;
    }

    /// <summary>
    /// Returns the share that opencode itself keeps on this client's server; it is completed, and no second one is
    /// created.
    /// </summary>
    private OpencodeOwnShare? FindOwnShare(OpencodeDatabase source, string sessionId) =>
        source.FindShare(sessionId) is { } own
            && own.Append.Server.AbsoluteUri == client.Server.AbsoluteUri ? own : null;

    /// <summary>
    /// Returns the database, opened again at intervals; called only at the beginning of a pass, which reads one file.
    /// </summary>
    private OpencodeDatabase Opened()
    {
        // A deleted file can be read on, and a replaced one as it was: neither says so, but the path no longer leads to
        // it. Where the file system keeps no birth times, opening anew now and then finds it out.
        DateTime made = File.GetCreationTimeUtc(options.DatabasePath);
        bool isTheSame = made == madeAt && time.GetElapsedTime(openedAt) < options.ReopenInterval;
        if (database is not null && isTheSame) return database;
        Close();
        database = OpencodeDatabase.Open(options.DatabasePath, options.BusyTimeout);
        madeAt = made;
        openedAt = time.GetTimestamp();

        // A connection's data version is its own: what another one said of the file means nothing to it.
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

    /// <summary>Compares one share with its rows; returns false if the server does not answer.</summary>
    private async Task<bool> CheckAsync(OpencodeSync sync, CancellationToken cancellationToken)
    {
        IReadOnlyList<Document>? held = await sync.ReadShareAsync(time, cancellationToken).ConfigureAwait(false);
        if (held is null) return false;
        using IDisposable turn =
            await SyncLock.TakeAsync(options.LockPath, time, cancellationToken).ConfigureAwait(false);
        await sync.CheckAsync(Opened(), held, cancellationToken).ConfigureAwait(false);
        return true;
    }

    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        foreach (OpencodeSync sync in syncs.Values.ToList())
            await sync.Writer.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    private void Close()
    {
        database?.Dispose();
        database = null;
    }
}
