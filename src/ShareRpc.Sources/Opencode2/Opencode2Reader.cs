using System.IO.Hashing;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.Opencode;

namespace ShareRpc.Sources.Opencode2;

/// <summary>
/// Reads a session and those of its subagents. Rows are updated in place, so it follows the largest seq and the largest
/// <c>time_updated</c> of each session; the newest rows are read again in any case, as a clock can be set back.
/// </summary>
internal sealed class Opencode2Reader(string path, string sessionId, Opencode2Bookmark? bookmark) : ISessionReader
{
    // What is kept to find removed rows: the newest rows of the session, and of a subagent's.
    private const int KnownRows = 128;
    private const int KnownRowsOfSubagent = 16;

    private static readonly TimeSpan ReopenInterval = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, int> unknown = new(StringComparer.Ordinal);
    private Opencode2Bookmark position = bookmark ?? new Opencode2Bookmark([]);
    private Opencode2Database? database;
    private long openedAt;
    private long version = -1;

    public SourceReport Report => new(position.Messages, position.Parts, unknown);

    public IEnumerable<SourceStep> Read()
    {
        Opencode2Database source = Opened();
        long now = source.DataVersion();
        if (now == version) yield break;
        using (source.BeginRead())
        {
            if (source.Row("SELECT * FROM session_v2 WHERE id = $id", ("$id", sessionId)) is { } row)
            {
                foreach (SourceStep step in SessionSteps(source, row)) yield return step;
            }
        }

        version = now;
    }

    /// <inheritdoc/>
    public void Dispose() => database?.Dispose();

    /// <summary>Returns the database; SQLite reads on in a deleted or replaced file.</summary>
    private Opencode2Database Opened()
    {
        bool isTheSame = database is { IsReplaced: false }
            && TimeProvider.System.GetElapsedTime(openedAt) < ReopenInterval;
        if (isTheSame) return database!;
        database?.Dispose();
        version = -1;
        database = null;
        if (!File.Exists(path))
            throw new OpencodeException($"There is no opencode database at {path} any more. It is waited for.");
        database = Opencode2Database.Open(path);
        openedAt = TimeProvider.System.GetTimestamp();
        return database;
    }

    private IEnumerable<SourceStep> SessionSteps(Opencode2Database source, Dictionary<string, object?> row)
    {
        var step = new StepOfRows();
        DocumentChange document = SessionRow.Document(sessionId, row);
        string digest = Convert.ToHexStringLower(
            XxHash64.Hash(document.Data!.Value.Utf8.Span));
        if (digest != position.Document) step.Add([document]);
        position = position with { Document = digest };
        IReadOnlyList<MessageRow> waiting = Inbox.Of(source, sessionId);
        TakeUp(waiting, step);
        if (position.TodoSeq == Opencode2Bookmark.NoTodos)
        {
            if (TodoDocument.Build(Inbox.TodosBefore(source, sessionId)) is { } todos) Put(todos, -1, step);
            else position = position with { TodoSeq = -1 };
        }

        foreach (string id in source.WithSubagents(sessionId))
        {
            foreach (SourceStep full in RowSteps(source, id, id == sessionId ? row : null, step)) yield return full;
        }

        Put(waiting, step);
        yield return step.Take(position);
    }

    /// <summary>Removes the prompts that wait no longer; those that were taken up come again, as rows.</summary>
    private void TakeUp(IReadOnlyList<MessageRow> waiting, StepOfRows step)
    {
        if (position.Waiting is not { } before) return;
        foreach (KnownRow gone in before.Where(one => waiting.All(row => row.Id != one.Id))) step.Add(Removed(gone));
        position = position with { Waiting = [.. before.Where(one => waiting.Any(row => row.Id == one.Id))] };
    }

    /// <summary>Puts the prompts that wait.</summary>
    private void Put(IReadOnlyList<MessageRow> waiting, StepOfRows step)
    {
        var known = (position.Waiting ?? []).ToDictionary(row => row.Id, StringComparer.Ordinal);
        var documents = new RowDocuments(sessionId, null, unknown);
        foreach (MessageRow row in waiting)
        {
            string digest = row.Digest(isUndone: false);
            KnownRow? before = known.GetValueOrDefault(row.Id);
            if (before?.Digest == digest) continue;
            IReadOnlyList<DocumentChange> all = documents.Of(row, undone: false, waiting: true);
            if (before is not null) step.Add(Removed(before));
            step.Add(all);
            known[row.Id] = new KnownRow(row.Id, row.Seq, all.Count - 1, digest);
            position = position with { Messages = position.Messages + 1, Parts = position.Parts + all.Count - 1 };
        }

        position = position with
        {
            Waiting = known.Count == 0 ? null : [.. known.Values.OrderBy(row => row.Seq)],
        };
    }

    private void Put(RawJson todos, long seq, StepOfRows step)
    {
        step.Add([new DocumentChange(Kinds.Todo, sessionId, todos)]);
        position = position with { TodoSeq = seq };
    }

    /// <summary>Reads the rows of one session in the order of seq.</summary>
    private IEnumerable<SourceStep> RowSteps(
        Opencode2Database source, string id, Dictionary<string, object?>? sessionRow, StepOfRows step)
    {
        var pass = new SessionPass(source, id, position.Sessions.GetValueOrDefault(id, RowPosition.Start), sessionRow);
        var documents = new RowDocuments(sessionId, id == sessionId ? null : id, unknown);
        foreach (KnownRow gone in pass.Gone) step.Add(Removed(gone));
        foreach (MessageRow row in pass.Rows())
        {
            Put(pass, documents, row, step);
            if (!step.IsFull) continue;
            position.Sessions[id] = pass.Position(KnownRows);
            yield return step.Take(position);
        }

        position.Sessions[id] = pass.End(sessionRow is null ? KnownRowsOfSubagent : KnownRows);
    }

    private void Put(SessionPass pass, RowDocuments documents, MessageRow row, StepOfRows step)
    {
        bool isUndone = pass.IsUndone(row);
        string digest = row.Digest(isUndone);
        KnownRow? before = pass.Find(row.Id);
        if (before?.Digest != digest)
        {
            IReadOnlyList<DocumentChange> all = documents.Of(row, isUndone);
            int parts = all.Count - 1;
            step.Add(all);
            bool isNewest = row.Seq >= position.TodoSeq && !isUndone && documents.IsOfSession;
            if (isNewest && documents.Todos is { } todos) Put(todos, row.Seq, step);
            for (int at = Math.Max(0, parts); at < (before?.Parts ?? 0); at++)
                step.Add([SessionFormat.Removed(Kinds.Part, RowDocuments.PartKey(row.Id, at))]);
            bool isNew = pass.IsNew(row);
            int more = before is not null ? parts - before.Parts : isNew ? parts : 0;
            position = position with
            {
                Messages = position.Messages + (isNew && parts >= 0 ? 1 : 0),
                Parts = position.Parts + (parts >= 0 ? more : 0),
            };
            pass.Keep(new KnownRow(row.Id, row.Seq, parts, digest));
        }

        step.Add(pass.TurnsOf(row));
    }

    private List<DocumentChange> Removed(KnownRow row)
    {
        if (row.Parts < 0) return [];
        position = position with { Messages = position.Messages - 1, Parts = position.Parts - row.Parts };
        return
        [
            .. Enumerable.Range(0, row.Parts)
                .Select(at => SessionFormat.Removed(Kinds.Part, RowDocuments.PartKey(row.Id, at))),
            SessionFormat.Removed(Kinds.Message, row.Id),
        ];
    }

    /// <summary>Gathers changes up to the size of a step.</summary>
    private sealed class StepOfRows
    {
        private const int MostChanges = 400;
        private const int MostBytes = 2 * 1024 * 1024;

        private List<DocumentChange> changes = [];
        private long bytes;

        public bool IsFull => changes.Count >= MostChanges || bytes >= MostBytes;

        public void Add(IReadOnlyList<DocumentChange> more)
        {
            changes.AddRange(more);
            bytes += more.Sum(change => (long)(change.Data?.Utf8.Length ?? 0));
        }

        public SourceStep Take(Opencode2Bookmark bookmark)
        {
            var step = new SourceStep(changes, bookmark.ToJson());
            changes = [];
            bytes = 0;
            return step;
        }
    }
}
