using System.Text.Json;
using Microsoft.Data.Sqlite;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.Opencode2;

/// <summary>Reads the rows of one session that are new, changed or among the newest, as of one moment.</summary>
internal sealed class SessionPass
{
    // The newest rows are compared at each look: a clock that was set back hides their changes.
    private const int Newest = 8;

    private readonly Opencode2Database source;
    private readonly string id;
    private readonly RowPosition start;
    private readonly bool isOfUser;
    private readonly bool isCut;
    private readonly long newestTime;
    private readonly long undoneSeq;
    private readonly long changedUndoneSeq;
    private readonly string? undoneFrom;
    private readonly Dictionary<string, KnownRow> known;
    private string? turn;
    private long seq;
    private long rows;

    /// <param name="source">In a read of one moment.</param>
    /// <param name="id">Whose rows.</param>
    /// <param name="start">How far they were read.</param>
    /// <param name="session">The row of a session that a person started; null for a subagent's.</param>
    public SessionPass(
        Opencode2Database source, string id, RowPosition start, Dictionary<string, object?>? session)
    {
        (this.source, this.id, this.start) = (source, id, start);
        isOfUser = session is not null;
        turn = start.Turn;
        newestTime = Number("SELECT max(time_updated) FROM session_message WHERE session_id = $id") ?? -1;
        isCut = Number(
            $"SELECT count(*) FROM session_message WHERE session_id = $id AND seq <= {start.Seq}") != start.Rows;
        (seq, rows) = isCut ? (-1, 0) : (start.Seq, start.Rows);
        undoneFrom = UndoneFrom(session);
        undoneSeq = SeqOf(undoneFrom);
        changedUndoneSeq = undoneFrom == start.UndoneFrom
            ? long.MaxValue : Math.Min(undoneSeq, SeqOf(start.UndoneFrom));
        known = start.Known.ToDictionary(row => row.Id, StringComparer.Ordinal);
        Gone = isCut ? [.. start.Known.Where(row => SeqOf(row.Id) == long.MaxValue)] : [];
        foreach (KnownRow gone in Gone) known.Remove(gone.Id);
    }

    /// <summary>Gets the known rows that are gone.</summary>
    public IReadOnlyList<KnownRow> Gone { get; }

    /// <summary>Returns the rows, in the order of seq.</summary>
    public IEnumerable<MessageRow> Rows()
    {
        long newest = Number("SELECT seq FROM session_message WHERE session_id = $id ORDER BY seq DESC LIMIT 1 "
            + $"OFFSET {Newest - 1}") ?? 0;
        const string sql = """
            SELECT id, type, seq, time_created, time_updated, CAST(data AS BLOB) FROM session_message
            WHERE session_id = $id AND (seq > $seq OR time_updated >= $time OR seq >= $newest) ORDER BY seq
            """;
        foreach (SqliteDataReader row in source.Query(sql, ("$id", id), ("$seq", seq),
            ("$time", isCut ? -1 : start.Time), ("$newest", Math.Min(newest, changedUndoneSeq))))
        {
            var read = new MessageRow(
                row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4),
                row.GetFieldValue<byte[]>(5));
            yield return read;
            if (read.Seq > seq) (seq, rows) = (read.Seq, rows + 1);
        }
    }

    /// <summary>Returns whether a row was not read before.</summary>
    public bool IsNew(MessageRow row) => row.Seq > start.Seq;

    /// <summary>Returns whether the user has undone the session from a message at or before the row.</summary>
    public bool IsUndone(MessageRow row) => row.Seq >= undoneSeq;

    /// <summary>Returns the row as it was put; null if it is not known any more.</summary>
    public KnownRow? Find(string messageId) => known.GetValueOrDefault(messageId);

    /// <summary>Keeps a row as it is put.</summary>
    public void Keep(KnownRow row) => known[row.Id] = row;

    /// <summary>Returns the changes of turns that a new row of the session brings.</summary>
    public IReadOnlyList<DocumentChange> TurnsOf(MessageRow row)
    {
        if (!isOfUser || !IsNew(row)) return [];
        List<DocumentChange> changes = [];
        if (row.Type == "user")
        {
            if (turn is not null) changes.Add(SessionFormat.Turn(turn, StateAt(row.Seq)));
            turn = row.Id;
            changes.Add(SessionFormat.Turn(turn, TurnStates.Streaming));
        }
        else if (row.Type == "idle" && turn is not null)
        {
            changes.Add(SessionFormat.Turn(turn, OutcomeOf(row)));
            turn = null;
        }

        return changes;
    }

    /// <summary>Returns the position behind the row that was read last, in the middle of the rows.</summary>
    public RowPosition Position(int mostKnown) => start with
    {
        Seq = seq, Rows = rows, Turn = turn, UndoneFrom = undoneFrom, Known = Kept(mostKnown),
        Time = seq > start.Seq || isCut ? newestTime : start.Time,
    };

    /// <summary>Returns the position behind all rows.</summary>
    public RowPosition End(int mostKnown) => Position(mostKnown) with { Time = newestTime };

    private List<KnownRow> Kept(int most) => [.. known.Values.OrderBy(row => row.Seq).TakeLast(most)];

    private static string? UndoneFrom(Dictionary<string, object?>? session)
    {
        if (session?.GetValueOrDefault("revert") is not string revert) return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(revert);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("messageID", out JsonElement message)
                && message.ValueKind == JsonValueKind.String ? message.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Returns how a turn ended that the next one follows without a mark.</summary>
    private string StateAt(long before)
    {
        object? data = source.Scalar(
            "SELECT CAST(data AS BLOB) FROM session_message WHERE session_id = $id AND type = 'assistant' AND seq < "
            + "$seq ORDER BY seq DESC LIMIT 1", ("$id", id), ("$seq", before));
        if (data is not byte[] step) return TurnStates.Completed;
        using JsonDocument? document = Parsed(step);
        if (document?.RootElement is not { ValueKind: JsonValueKind.Object } root) return TurnStates.Aborted;
        if (root.TryGetProperty("error", out _)) return TurnStates.Failed;
        return root.TryGetProperty("time", out JsonElement time) && time.ValueKind == JsonValueKind.Object
            && time.TryGetProperty("completed", out _) ? TurnStates.Completed : TurnStates.Aborted;
    }

    private static string OutcomeOf(MessageRow idle)
    {
        using JsonDocument? document = Parsed(idle.Data);
        string? outcome = document?.RootElement is { ValueKind: JsonValueKind.Object } root
            && root.TryGetProperty("outcome", out JsonElement said) && said.ValueKind == JsonValueKind.String
            ? said.GetString() : null;
        return outcome switch
        {
            "failed" => TurnStates.Failed,
            "interrupted" => TurnStates.Aborted,
            _ => TurnStates.Completed,
        };
    }

    private static JsonDocument? Parsed(byte[] json)
    {
        try
        {
            return JsonDocument.Parse(json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Returns the seq of a message; the largest number if it is not there.</summary>
    private long SeqOf(string? messageId) => messageId is null ? long.MaxValue : (long?)source.Scalar(
        "SELECT seq FROM session_message WHERE id = $message AND session_id = $id", ("$message", messageId),
        ("$id", id)) ?? long.MaxValue;

    private long? Number(string sql) => source.Scalar(sql, ("$id", id)) as long?;
}
