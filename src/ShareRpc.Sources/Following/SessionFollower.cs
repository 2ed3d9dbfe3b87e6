using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.LeftOut;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Following;

/// <summary>
/// Reads one session into one share. The outbox holds its position, committed with the ops; this object only caches.
/// </summary>
internal sealed class SessionFollower(
    AgentSession session, IAgentStorage storage, ShareWriter writer, SecretScanner? secrets) : IDisposable
{
    internal const string PositionBookmark = "follow.position";

    private readonly SourceOps ops = new();
    private ISessionReader? reader;
    private FollowPosition? position;
    private string? lastStored;

    /// <summary>Gets the session as the storage listed it last.</summary>
    public AgentSession Session { get; set; } = session;

    /// <summary>Gets the writer of its share.</summary>
    public ShareWriter Writer => writer;

    /// <summary>Gets what the last pass knew of the session.</summary>
    public SourceReport Report { get; private set; } = new(0, 0, new Dictionary<string, int>());

    /// <summary>Gets the number of documents left out.</summary>
    public int Skipped => ops.Skipped;

    /// <summary>Gets the documents in whose place a placeholder was sent.</summary>
    public IReadOnlyList<LeftOutDocument> LeftOut => ops.LeftOut.Listed;

    /// <summary>Gets what this run replaced.</summary>
    public SecretCounts Redacted { get; } = new();

    /// <summary>Gets why the last pass failed; null if it did not.</summary>
    public Exception? LastError { get; set; }

    /// <summary>Gets what is removed before the first step, as of an older generation of the storage.</summary>
    public IReadOnlyList<DocumentChange> Before { get; set; } = [];

    /// <summary>
    /// Enqueues what is new; returns the number of ops. The caller holds the <see cref="SyncLock"/>: no other process
    /// may enqueue between reading the bookmark and these ops.
    /// </summary>
    public async Task<int> PassAsync(CancellationToken cancellationToken)
    {
        string? stored = await writer.ReadBookmarkAsync(PositionBookmark, cancellationToken).ConfigureAwait(false);
        if (reader is null || stored != lastStored)
        {
            ops.LeftOut = await LeftOutDocuments.ReadAsync(writer, cancellationToken).ConfigureAwait(false);
            Open(stored);
        }

        lastStored = null;
        var filter = new SecretFilter(secrets);
        try
        {
            int enqueued = await ReadAsync(filter, stored, cancellationToken).ConfigureAwait(false);
            Report = reader!.Report;
            lastStored = position?.ToJson();
            return enqueued;
        }
        catch
        {
            Close();
            throw;
        }
        finally
        {
            Redacted.Add(filter.Counts);
            await filter.Counts.StoreAsync(writer, cancellationToken).ConfigureAwait(false);
            await ops.LeftOut.StoreAsync(writer, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Close();

    private void Open(string? stored)
    {
        Close();
        position = FollowPosition.FromJson(stored);
        ops.Subagents.Add(position?.Subagents ?? []);
        reader = storage.Open(Session, position?.Reader);
    }

    private void Close()
    {
        reader?.Dispose();
        reader = null;
        ops.Clear();
    }

    /// <summary>Stores each step when the next is known: a turn is open only at the end of all.</summary>
    private async Task<int> ReadAsync(SecretFilter filter, string? stored, CancellationToken cancellationToken)
    {
        int enqueued = 0;
        SourceStep? held = null;
        foreach (SourceStep step in reader!.Read())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (held is not null) await StoreAsync(held, isLast: false).ConfigureAwait(false);
            held = step;
        }

        if (held is not null) await StoreAsync(held, isLast: true).ConfigureAwait(false);
        return enqueued;

        async Task StoreAsync(SourceStep step, bool isLast)
        {
            IEnumerable<DocumentChange> changes = position is null ? Before.Concat(step.Changes) : step.Changes;
            List<OpIntent> all = [.. ops.Of(changes, filter)];
            IReadOnlyList<SubagentMessage> subagents = ops.Subagents.Newest;
            FollowPosition next = (position ?? new FollowPosition("")) with
            {
                Reader = step.Bookmark, Subagents = subagents.Count == 0 ? null : subagents,
            };
            foreach (DocumentChange turn in LastOfEach(step.Changes)) next = AddTurn(all, next, turn, isLast);
            string text = next.ToJson();
            position = next;
            if (all.Count == 0 && text == stored) return;
            stored = text;
            await writer.EnqueueAsync(
                all, new EnqueueOptions { Bookmark = new Bookmark(PositionBookmark, text) }, cancellationToken)
                .ConfigureAwait(false);
            enqueued += all.Count;
        }
    }

    private static IEnumerable<DocumentChange> LastOfEach(IReadOnlyList<DocumentChange> changes) =>
        changes.Where(change => change is { Kind: Kinds.Turn, Data: not null })
            .GroupBy(change => change.Key, StringComparer.Ordinal).Select(group => group.Last());

    /// <summary>Puts a turn's state, unless that would open a turn again or say what was said.</summary>
    private static FollowPosition AddTurn(
        List<OpIntent> all, FollowPosition before, DocumentChange turn, bool isLast)
    {
        using System.Text.Json.JsonDocument document = turn.Data!.Value.ToDocument();
        string? state = TurnStates.Of(document.RootElement);
        if (state is null || (!TurnStates.IsFinal(state) && !isLast)) return before;
        if (KnownTurns.IsSaid(before.Turns, turn.Key, state)) return before;
        OpIntent op = SourceOps.PutOf(Kinds.Turn, turn.Key, RawJson.Of(document.RootElement));
        if (OpRules.Check(op, ProtocolLimits.Default) is not null) return before;
        all.Add(op);
        return before with { Turns = KnownTurns.With(before.Turns, turn.Key, state) };
    }
}
