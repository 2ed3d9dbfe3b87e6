using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.ClaudeCode;

/// <summary>
/// Reads one transcript onward. When a line goes on from an earlier place than the end, it reads the file again from
/// its start and puts those documents whose mark of being undone changed.
/// </summary>
internal sealed class TranscriptReader
{
    /// <summary>Gets the session.</summary>
    public required string Session { get; init; }

    /// <summary>Gets the subagent; null for the session's own transcript.</summary>
    public string? Agent { get; init; }

    public required string Path { get; init; }

    /// <summary>Gets the folder of outputs that are too large for the transcript.</summary>
    public required string Outputs { get; init; }

    /// <summary>Gets or sets whether what started this subagent was undone.</summary>
    public bool IsUndone { get; set; }

    public TranscriptState State { get; set; } = new();

    /// <summary>Gets or sets the subagents by the calls that started them.</summary>
    public IReadOnlyDictionary<string, string> Agents { get; set; } = new Dictionary<string, string>();

    public required ChangeBuffer Buffer { get; init; }

    /// <summary>Makes a step of what is in the buffer; its bookmark holds <see cref="State"/>.</summary>
    public required Func<SourceStep> Take { get; init; }

    /// <summary>Counts a record that is not known.</summary>
    public required Action<string> Unknown { get; init; }

    /// <summary>Reads what is there now; leaves the last changes in the buffer.</summary>
    public IEnumerable<SourceStep> Read()
    {
        if (ListedFile.Of(Path) is not { Stamp: var stamp }) yield break;
        bool isJoined = !State.Starts.Exists(start => start.Agent is null && Agents.ContainsKey(start.Call));
        if (stamp == State.Stamp && State.IsUndone == IsUndone && !State.IsMixed && isJoined) yield break;
        using LineFile? file = Open();
        if (file is null) yield break;
        long? resume = 0;
        if (!file.Continues(State.Position)) State = State.Replaced();
        bool isOnward = State.Position.Offset > 0 && !State.IsMixed && State.IsUndone == IsUndone;
        if (isOnward)
        {
            TranscriptFold fold = FoldOf(State, tree: null, resume: 0, file);
            resume = null;
            foreach (SourceStep? step in Onward(file, fold))
            {
                if (step is null) resume = State.Position.Offset;
                else yield return step;
            }

            if (resume is null) fold.End();
        }

        if (resume is { } offset)
            foreach (SourceStep step in Again(file, offset)) yield return step;
        State.Stamp = stamp;
    }

    /// <summary>Reads new lines; ends with null before one that may undo something.</summary>
    private IEnumerable<SourceStep?> Onward(LineFile file, TranscriptFold fold)
    {
        long offset = State.Position.Offset;
        foreach (FileLine text in file.LinesFrom(offset, TranscriptLine.IsWhole))
        {
            using (var line = TranscriptLine.Parse(text, offset))
            {
                if (!fold.Add(line))
                {
                    State.Position = file.PositionAt(offset);
                    if (!Buffer.IsEmpty) yield return Take();
                    yield return null;
                    yield break;
                }
            }

            offset = text.End;
            if (!Buffer.IsFull) continue;
            State.Position = file.PositionAt(offset);
            yield return Take();
        }

        State.Position = file.PositionAt(offset);
    }

    /// <summary>Reads the whole file; of what was read before, puts what was undone or came back.</summary>
    private IEnumerable<SourceStep> Again(LineFile file, long resume)
    {
        long length = file.Length;
        var tree = ConversationTree.Of(file, length, resume, line => TranscriptFold.IsMain(line, Agent));
        TranscriptState before = State;
        TranscriptState next = before.Again(IsUndone);
        next.IsMixed = tree.HasUndone || next.Former.Count > 0;
        HashSet<string>? kept = next.Former.Count > 0 ? new HashSet<string>(StringComparer.Ordinal) : null;
        TranscriptFold fold = FoldOf(next, tree, resume, file, kept);
        if (resume > 0) before.IsMixed = true;
        long offset = 0;
        foreach (FileLine text in file.LinesFrom(0, TranscriptLine.IsWhole))
        {
            if (text.End > length) break;
            using (var line = TranscriptLine.Parse(text, offset)) fold.Add(line);
            offset = text.End;
            if (!Buffer.IsFull) continue;
            next.Position = file.PositionAt(offset);
            if (resume == 0) State = next;
            yield return Take();
        }

        fold.End();
        next.Position = file.PositionAt(offset);
        State = next;
        foreach (DocumentChange gone in Gone(next, kept))
        {
            Buffer.Add(gone);
            if (Buffer.IsFull) yield return Take();
        }

        next.IsMixed = false;
        next.Former = new Dictionary<string, int>(StringComparer.Ordinal);
    }

    /// <summary>Returns the documents of the file that was here before and that this one does not have.</summary>
    private IEnumerable<DocumentChange> Gone(TranscriptState now, HashSet<string>? kept)
    {
        foreach ((string lane, int count) in now.Former)
        {
            for (int number = 1; number <= count; number++)
            {
                string message =
                    TranscriptDocuments.MessageKey(lane == TranscriptState.MainLane ? Agent : lane, number);
                IEnumerable<string> parts = Enumerable.Range(1, now.MostParts)
                    .Select(part => TranscriptDocuments.PartKey(message, part)).Where(part => !kept!.Contains(part));
                foreach (string part in parts) yield return SessionFormat.Removed(Kinds.Part, part);
                if (!kept!.Contains(message)) yield return SessionFormat.Removed(Kinds.Message, message);
            }
        }
    }

    private TranscriptFold FoldOf(
        TranscriptState state, ConversationTree? tree, long resume, LineFile file, HashSet<string>? kept = null) => new(
        Session, Agent, state, new TranscriptPass
        {
            Tree = tree, Resume = resume, IsUndone = IsUndone, Agents = Agents, Outputs = Outputs, Unknown = Unknown,
            Emit = change =>
            {
                kept?.Add(change.Key);
                Buffer.Add(change);
            },
        },
        (offset, length) => TranscriptLine.Parse(new FileLine(file.Read(offset, length), 0, IsTooLong: false), offset));

    private LineFile? Open()
    {
        try
        {
            return LineFile.Open(Path);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
