using System.Text.Json.Nodes;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.EndToEndTests.Harness;

/// <summary>
/// Judges a finished run. A pure function, with a fold of its own: it shares no code with the server that it judges.
/// </summary>
internal sealed class HistoryChecker
{
    private readonly ShareHistory history;
    private readonly List<Finding> findings = [];
    private readonly Dictionary<string, LoggedOp> byId = new(StringComparer.Ordinal);

    private HistoryChecker(ShareHistory history) => this.history = history;

    public static IReadOnlyList<Finding> Check(ShareHistory history)
    {
        var checker = new HistoryChecker(history);
        checker.CheckLog();
        checker.CheckPlans();
        checker.CheckReaders();
        checker.CheckState();
        return checker.findings;
    }

    private static bool IsSame(LoggedOp logged, OpIntent planned) =>
        logged.Verb == planned.Verb && logged.Kind == planned.Kind && logged.Key == planned.Key
        && logged.Data?.ToString() == planned.Data?.ToString();

    private void CheckLog()
    {
        var newestSeq = new Dictionary<string, long>(StringComparer.Ordinal);
        for (int i = 0; i < history.Log.Count; i++)
        {
            LoggedOp op = history.Log[i];
            if (op.Cursor != i + 1) Find(Property.Gapless, $"op {i + 1} of the log has cursor {op.Cursor}");
            if (!byId.TryAdd(op.OpId, op))
                Find(Property.Once, $"{op.OpId} is at {byId[op.OpId].Cursor} and at {op.Cursor}");
            if (op.WriterId is null || op.Seq is not { } seq) continue;
            if (newestSeq.GetValueOrDefault(op.WriterId) >= seq)
                Find(Property.WriterOrder, $"seq {seq} of {op.WriterId} at {op.Cursor}");
            newestSeq[op.WriterId] = seq;
        }
    }

    private void CheckPlans()
    {
        ILookup<string, OpIntent> planned = history.Writers
            .SelectMany(writer => writer.Plan).SelectMany(step => step.Ops).ToLookup(op => op.Op.OpId, op => op.Op);
        foreach (LoggedOp op in history.Log)
        {
            if (!planned[op.OpId].Any(candidate => IsSame(op, candidate)))
                Find(Property.NothingInvented, $"{op.OpId} at {op.Cursor} is not what anybody enqueued");
        }

        foreach (WriterHistory writer in history.Writers)
        {
            long last = 0;
            foreach (PlannedOp op in writer.Plan.SelectMany(step => step.Ops))
            {
                CheckOp(writer, op);
                if (op.Expect != Expectation.Applied || !byId.TryGetValue(op.Op.OpId, out LoggedOp? logged)) continue;
                if (logged.Cursor < last)
                    Find(Property.WriterOrder, $"{op.Op.OpId} of {writer.Name} at {logged.Cursor}, after {last}");
                last = logged.Cursor;
            }

            foreach (OutboxEnd outbox in writer.Outboxes) CheckOutbox(writer, outbox);
        }
    }

    private void CheckOp(WriterHistory writer, PlannedOp planned)
    {
        string id = planned.Op.OpId;
        bool isLogged = byId.TryGetValue(id, out LoggedOp? logged);
        switch (planned.Expect)
        {
            case Expectation.Applied or Expectation.Shared or Expectation.Contended when !isLogged:
                Find(Property.NothingLost, $"{id} of {writer.Name} is not in the log");
                break;
            case Expectation.Unchanged when isLogged:
                Find(Property.Once, $"{id} of {writer.Name} changes nothing, and is at {logged!.Cursor}");
                break;
            case Expectation.Refused when isLogged:
                Find(Property.Refusals, $"{id} of {writer.Name} must be refused, and is at {logged!.Cursor}");
                break;
        }

        string? code = planned.Expect switch
        {
            Expectation.Refused => planned.Code,
            Expectation.Contended when isLogged && !IsSame(logged!, planned.Op) => "op_id_reused",
            _ => null,
        };
        string[] failures =
            [.. writer.Outboxes.Select(outbox => outbox.Failed.GetValueOrDefault(id)).OfType<string>().Distinct()];
        if (code is null ? failures.Length > 0 : failures is not [var only] || only != code)
            Find(Property.Refusals,
                $"{id} of {writer.Name} was refused [{string.Join(", ", failures)}] instead of [{code}]");
    }

    private void CheckOutbox(WriterHistory writer, OutboxEnd outbox)
    {
        long left = outbox.Applied + outbox.Duplicates + outbox.Failed.Count;
        if (left != outbox.Enqueued)
            Find(Property.RowsAccounted, $"{writer.Name}: {outbox.Enqueued} rows were enqueued and {left} have left");
    }

    private void CheckReaders()
    {
        foreach (IReadOnlyList<SeenOp> reader in history.Readers)
        {
            for (int i = 0; i < reader.Count; i++)
            {
                SeenOp? logged = i < history.Log.Count ? SeenOp.Of(history.Log[i]) : null;
                if (reader[i] == logged) continue;
                Find(Property.ReadersPrefix, $"a reader saw {reader[i]} where the log has {logged}");
                break;
            }
        }
    }

    private void CheckState()
    {
        var folded = new Dictionary<(string Kind, string Key), (long Cursor, JsonNode? Value)>();
        foreach (LoggedOp op in history.Log)
        {
            JsonNode? value = folded.GetValueOrDefault((op.Kind, op.Key)).Value;
            folded[(op.Kind, op.Key)] = (op.Cursor, Fold(value, op));
        }

        foreach (Document document in history.State)
        {
            bool isKnown = folded.Remove((document.Kind, document.Key), out (long Cursor, JsonNode? Value) expected);
            bool isRight = isKnown && expected.Cursor == document.Cursor
                && JsonNode.DeepEquals(expected.Value, JsonNode.Parse(document.Data.Utf8.Span));
            if (!isRight)
            {
                Find(
                    Property.StateIsFold,
                    $"{document.Kind} {document.Key} is {document.Data} at {document.Cursor} instead of "
                        + $"{expected.Value} at "
                        + $"{expected.Cursor}");
            }
        }

        foreach (((string kind, string key), (_, JsonNode? value)) in folded)
        {
            if (value is not null) Find(Property.StateIsFold, $"{kind} {key} is missing");
        }
    }

    private static JsonNode? Fold(JsonNode? current, LoggedOp op)
    {
        JsonNode? data = op.Data is { } bytes ? JsonNode.Parse(bytes.Utf8.Span) : null;
        if (op.Verb != Verbs.Append) return data;
        var document = current as JsonObject ?? [];
        string field = (string)data!["field"]!;
        string before = document[field] is JsonValue old && old.TryGetValue(out string? text) ? text : "";
        document[field] = before + (string)data["text"]!;
        return document;
    }

    private void Find(Property property, string detail) => findings.Add(new Finding(property, detail));
}
