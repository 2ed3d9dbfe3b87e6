using System.Collections.Immutable;
using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.LeftOut;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Opencode;

/// <summary>
/// Reads one session into a share: its own, or as a subagent's that of the session which started it. The outbox holds
/// its position, committed with the ops; this object only caches.
/// </summary>
public sealed class OpencodeSync
{
    internal const string PositionBookmark = "opencode.position";
    internal const string KeysBookmark = "opencode.keys";

    // Limits the replay at start.
    private const int EventsPerKeys = 1000;

    private readonly ShareLink? readLink;
    private readonly SecretScanner? secrets;
    private readonly SessionForm form;
    private readonly OpencodeSync? root;
    private readonly TurnTracker turn;
    private KnownKeys keys = KnownKeys.None;
    private LeftOutDocuments? leftOut;

    // Replaced, never changed: other threads read the counts.
    private volatile ImmutableList<OpencodeSync> subagents = [];
    private (int Messages, int Parts) rows;
    private int skipped;
    private string? lastStored;
    private long checkedAt;

    /// <summary>Initializes the reading of a session into its own share.</summary>
    /// <param name="session">The session.</param>
    /// <param name="writer">Of the share.</param>
    /// <param name="readLink">Reads a share that opencode itself writes, too: in its form, without subagents.</param>
    /// <param name="secrets">Finds what is replaced; null replaces nothing.</param>
    internal OpencodeSync(
        OpencodeSessionInfo session, ShareWriter writer, ShareLink? readLink = null, SecretScanner? secrets = null)
    {
        this.readLink = readLink;
        this.secrets = secrets;
        SessionId = session.Id;
        ParentId = session.ParentId;
        Title = session.Title;
        Writer = writer;
        form = SessionForm.Of(SessionId) with { IsPlain = readLink is not null };
        turn = new TurnTracker(SessionId, writer);
    }

    private OpencodeSync(OpencodeSessionInfo session, OpencodeSync root)
        : this(session, root.Writer, root.readLink, root.secrets)
    {
        this.root = root;
        form = new SessionForm(SessionId, root.SessionId);
        Redacted = root.Redacted;
    }

    /// <summary>Gets the opencode session id.</summary>
    public string SessionId { get; }

    /// <summary>Gets the parent of a subagent session; else null.</summary>
    public string? ParentId { get; }

    /// <summary>Gets the title at the first pass.</summary>
    public string Title { get; }

    /// <summary>Gets the writer of its share.</summary>
    public ShareWriter Writer { get; }

    /// <summary>Gets the number of message rows at the last pass, those of subagents included.</summary>
    public int Messages => rows.Messages + subagents.Sum(sync => sync.Messages);

    /// <summary>Gets the number of part rows at the last pass, those of subagents included.</summary>
    public int Parts => rows.Parts + subagents.Sum(sync => sync.Parts);

    /// <summary>Gets the number of rows and events not sent whole: not JSON objects, or over a limit.</summary>
    public int Skipped => skipped + subagents.Sum(sync => sync.Skipped);

    /// <summary>Gets the documents in whose place a placeholder was sent.</summary>
    public IReadOnlyList<LeftOutDocument> LeftOut => leftOut?.Listed ?? [];

    /// <summary>Gets what this run replaced.</summary>
    public SecretCounts Redacted { get; } = new();

    /// <summary>Gets whether the session was deleted from the database. Its share stays.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Gets whether this is a subagent's session in the share of another.</summary>
    internal bool IsSubagent => root is not null;

    /// <summary>Gets whether the share takes the sessions of subagents.</summary>
    internal bool TakesSubagents => !form.IsPlain;

    private string PositionName => NameOf(PositionBookmark, form);

    private string KeysName => NameOf(KeysBookmark, form);

    /// <summary>Returns the name of a session's bookmark in its share.</summary>
    internal static string NameOf(string bookmark, SessionForm form) =>
        form.IsSubagent ? $"{bookmark}:{form.SessionId}" : bookmark;

    /// <summary>Adds the session of a subagent to the share.</summary>
    internal OpencodeSync AddSubagent(OpencodeSessionInfo session)
    {
        var sync = new OpencodeSync(session, this);
        subagents = subagents.Add(sync);
        return sync;
    }

    /// <summary>
    /// Enqueues new data. The caller holds the <see cref="SyncLock"/>: no other process may enqueue between reading the
    /// bookmark and these ops.
    /// </summary>
    internal async Task<int> PassAsync(OpencodeDatabase database, CancellationToken cancellationToken)
    {
        if (database.IsMigrated(SessionId)) return 0;
        string? stored = await Writer.ReadBookmarkAsync(PositionName, cancellationToken).ConfigureAwait(false);
        using OpencodeView view = database.BeginRead();
        if (view.Session(SessionId) is not { } row)
        {
            IsGone = true;
            return 0;
        }

        IsGone = false;
        rows = view.Count(SessionId);
        await ReadLeftOutAsync(cancellationToken).ConfigureAwait(false);
        SyncPosition? position = SyncPosition.FromJson(stored);
        if (stored is null || stored != lastStored)
            keys = await LoadKeysAsync(view, position, cancellationToken).ConfigureAwait(false);

        // During a pass the known keys are ahead of the outbox.
        lastStored = null;
        var pass = new Pass(view, row, new SecretFilter(secrets));
        if (position is null || !Continues(view, position))
            await FromRowsAsync(pass, null, cancellationToken).ConfigureAwait(false);
        else if (position.EventSeq < 0) await FromRowsAsync(pass, position, cancellationToken).ConfigureAwait(false);
        else await FromEventsAsync(pass, position, cancellationToken).ConfigureAwait(false);
        if (!IsSubagent) pass.Enqueued += await turn.WriteAsync(view, cancellationToken).ConfigureAwait(false);
        Redacted.Add(pass.Filter.Counts);
        await pass.Filter.Counts.StoreAsync(Writer, cancellationToken).ConfigureAwait(false);
        await leftOut!.StoreAsync(Writer, cancellationToken).ConfigureAwait(false);
        lastStored = pass.Stored ?? stored;
        return pass.Enqueued;
    }

    /// <summary>Gets whether there are other writers and this writer changed the share since the last check.</summary>
    internal bool NeedsCheck =>
        !IsGone && Writer.Status is { Pending: 0, InFlight: 0, ClosedCode: null, ForeignOps: true } status
            && status.Applied != checkedAt;

    /// <summary>
    /// Puts every row again, and removes what the share still holds though this database once had it and has it no
    /// more. Documents that this database never had are another machine's business.
    /// </summary>
    /// <param name="database">Read after the share was, so that it is the newer; what lands even later is seen by
    /// whoever sent it.</param>
    /// <param name="held">The documents of the share, see <see cref="ReadShareAsync"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal async Task CheckAsync(OpencodeDatabase database, IReadOnlyList<Document> held,
        CancellationToken cancellationToken)
    {
        if (database.IsMigrated(SessionId)) return;
        long applied = Writer.Status.Applied;
        using OpencodeView view = database.BeginRead();
        if (view.Session(SessionId) is not { } row) return;
        lastStored = null;
        await ReadLeftOutAsync(cancellationToken).ConfigureAwait(false);
        keys = await LoadKeysAsync(view, new SyncPosition { EventSeq = long.MaxValue },
            cancellationToken).ConfigureAwait(false);
        HeldDocuments.AddTo(keys.Documents, held, view, SessionId);
        await FromRowsAsync(new Pass(view, row, new SecretFilter(secrets)), null,
            cancellationToken).ConfigureAwait(false);
        checkedAt = applied;
    }

    internal Task<IReadOnlyList<Document>?> ReadShareAsync(TimeProvider time, CancellationToken cancellationToken) =>
        HeldDocuments.ReadAsync(readLink ?? Writer.OwnerLink, time, cancellationToken);

    /// <summary>Reads what was left out; a share has one list.</summary>
    private async Task ReadLeftOutAsync(CancellationToken cancellationToken)
    {
        if (root is not null) await root.ReadLeftOutAsync(cancellationToken).ConfigureAwait(false);
        leftOut ??= root?.leftOut
            ?? await LeftOutDocuments.ReadAsync(Writer, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Returns false if the event at the position is missing or different.</summary>
    private bool Continues(OpencodeView view, SyncPosition position) =>
        position.EventSeq < 0 || view.EventIdAt(SessionId, position.EventSeq) == position.EventId;

    private async Task FromRowsAsync(Pass pass, SyncPosition? since, CancellationToken cancellationToken)
    {
        (long seq, string id) = pass.View.LastEvent(SessionId);
        SyncPosition begin = since ?? new SyncPosition();
        SyncPosition position = begin with { EventSeq = seq, EventId = id };
        position = await HeadAsync(pass, position, stored: false, cancellationToken).ConfigureAwait(false);

        var rows = new RowPass(pass.View, form, begin, keys.Documents, pass.Filter, pass.Revert, leftOut);
        await EnqueueRowsAsync(pass, rows, seq, cancellationToken).ConfigureAwait(false);
        position = position with { TimeUpdated = rows.TimeUpdated, Tie = rows.Tie };
        position = since is null ? position with { Revert = pass.Revert?.ToString() }
            : await RevertAsync(pass, position, cancellationToken).ConfigureAwait(false);
        position = await TodoAsync(pass, position, cancellationToken).ConfigureAwait(false);
        if (since != position)
            await StoreAsync(pass, [], atomic: false, position, cancellationToken).ConfigureAwait(false);
        skipped = rows.Skipped;
    }

    private async Task FromEventsAsync(Pass pass, SyncPosition start, CancellationToken cancellationToken)
    {
        SyncPosition position = await HeadAsync(pass, start, stored: true, cancellationToken).ConfigureAwait(false);
        var events =
            new EventPass(
                pass.View.EventsAfter(SessionId, start.EventSeq), position, keys.Documents, pass.Filter, pass.Revert,
                leftOut, form);
        foreach (SyncStep step in events.Steps())
            await StoreAsync(pass, step.Ops, step.Atomic, step.Position, cancellationToken).ConfigureAwait(false);
        skipped += events.Skipped;

        position = events.Position;
        if (events.RowsNeeded)
        {
            var rows = new RowPass(pass.View, form, position, keys.Documents, pass.Filter, pass.Revert, leftOut);
            await EnqueueRowsAsync(pass, rows, position.EventSeq, cancellationToken).ConfigureAwait(false);
            position = position with { TimeUpdated = rows.TimeUpdated, Tie = rows.Tie };
        }

        position = await RevertAsync(pass, position, cancellationToken).ConfigureAwait(false);
        SyncPosition last = await TodoAsync(pass, position, cancellationToken).ConfigureAwait(false);
        if (last.ToJson() != (pass.Stored ?? start.ToJson()))
            await StoreAsync(pass, [], atomic: false, last, cancellationToken).ConfigureAwait(false);
        if (last.EventSeq - keys.EventSeq > EventsPerKeys)
            await StoreKeysAsync(last.EventSeq, keys.Documents, cancellationToken).ConfigureAwait(false);
    }

    private async Task<SyncPosition> HeadAsync(Pass pass, SyncPosition position, bool stored,
        CancellationToken cancellationToken)
    {
        if (IsSubagent) return position;
        SecretFilter filter = pass.Filter.Uncounted();
        RawJson document = filter.Clean(SessionDocument.Build(pass.SessionRow));
        string digest = OpencodeOps.Digest(document.Utf8.Span);
        if (digest == position.Session) return position;
        pass.Filter.Counts.Add(filter.Counts);
        position = position with { Session = digest };
        OpIntent? op = leftOut!.Fit(OpencodeOps.Put(Kinds.Session, SessionId, document), filter);
        await StoreAsync(pass, op is null ? [] : [op], atomic: false, stored ? position : null, cancellationToken)
            .ConfigureAwait(false);
        return position;
    }

    private async Task<SyncPosition> TodoAsync(Pass pass, SyncPosition position, CancellationToken cancellationToken)
    {
        if (IsSubagent) return position;
        SecretFilter filter = pass.Filter.Uncounted();
        RawJson? document = filter.Clean(TodoDocument.Build(pass.View.Todos(SessionId)));
        string digest = document is { } data ? OpencodeOps.Digest(data.Utf8.Span) : "";
        if (digest == position.Todo) return position;
        pass.Filter.Counts.Add(filter.Counts);
        OpIntent? op = leftOut!.Fit(document is { } list
            ? OpencodeOps.Put(Kinds.Todo, SessionId, list) : OpencodeOps.Remove(Kinds.Todo, SessionId), filter);
        position = position with { Todo = digest };
        await StoreAsync(pass, op is null ? [] : [op], atomic: false, null, cancellationToken).ConfigureAwait(false);
        return position;
    }

    private async Task<SyncPosition> RevertAsync(Pass pass, SyncPosition position, CancellationToken cancellationToken)
    {
        Revert? before = Revert.FromText(position.Revert);
        var marks = new RevertPass(pass.View, form, before, pass.Revert, pass.Filter.Uncounted());
        foreach (SyncStep step in marks.Steps())
            await StoreAsync(pass, step.Ops, step.Atomic, null, cancellationToken).ConfigureAwait(false);
        return position with { Revert = pass.Revert?.ToString() };
    }

    private async Task<KnownKeys> LoadKeysAsync(OpencodeView view, SyncPosition? position,
        CancellationToken cancellationToken)
    {
        KnownKeys loaded =
            KnownKeys.FromJson(await Writer.ReadBookmarkAsync(KeysName, cancellationToken).ConfigureAwait(false));
        if (position is null) return loaded;
        foreach (OpencodeEvent source in view.EventsAfter(SessionId, loaded.EventSeq))
        {
            if (source.Seq > position.EventSeq) break;
            EventMapping.Map(source, loaded.Documents);
        }

        return loaded;
    }

    /// <summary>
    /// Stores the keys first: after a crash, extra keys cost an empty remove; missing keys would leave documents.
    /// </summary>
    private async Task EnqueueRowsAsync(Pass pass, RowPass rows, long eventSeq, CancellationToken cancellationToken)
    {
        bool first = true;
        foreach (SyncStep step in rows.Steps())
        {
            if (first)
            {
                var all = new KnownDocuments();
                all.UnionWith(keys.Documents);
                all.UnionWith(rows.Known);
                await StoreKeysAsync(eventSeq, all, cancellationToken).ConfigureAwait(false);
                first = false;
            }

            await StoreAsync(pass, step.Ops, step.Atomic, null, cancellationToken).ConfigureAwait(false);
        }

        if (first) keys = new KnownKeys(eventSeq, rows.Known);
        else await StoreKeysAsync(eventSeq, rows.Known, cancellationToken).ConfigureAwait(false);
    }

    private async Task StoreKeysAsync(long eventSeq, KnownDocuments documents, CancellationToken cancellationToken)
    {
        var stored = new KnownKeys(eventSeq, documents);
        var options = new EnqueueOptions { Bookmark = new Bookmark(KeysName, stored.ToJson()) };
        await Writer.EnqueueAsync([], options, cancellationToken).ConfigureAwait(false);
        keys = stored;
    }

    private async Task StoreAsync(Pass pass, IReadOnlyList<OpIntent> ops, bool atomic, SyncPosition? position,
        CancellationToken cancellationToken)
    {
        string? stored = position?.ToJson();
        var options = new EnqueueOptions { Atomic = atomic, Bookmark = stored is null
            ? null : new Bookmark(PositionName, stored) };
        await Writer.EnqueueAsync(ops, options, cancellationToken).ConfigureAwait(false);
        pass.Enqueued += ops.Count;
        pass.Stored = stored ?? pass.Stored;
    }

    private sealed class Pass(OpencodeView view, IReadOnlyDictionary<string, object?> sessionRow, SecretFilter filter)
    {
        public SecretFilter Filter => filter;

        public OpencodeView View => view;

        public IReadOnlyDictionary<string, object?> SessionRow => sessionRow;

        /// <summary>Gets what is undone at this moment.</summary>
        public Revert? Revert { get; } = Opencode.Revert.OfRow(sessionRow);

        public int Enqueued { get; set; }

        public string? Stored { get; set; }
    }
}
