using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.ClaudeCode;

/// <summary>What a list says of a transcript.</summary>
/// <param name="Node">The digest of the first node of its conversation; 0: it has none.</param>
/// <param name="Began">The time of its first line.</param>
/// <param name="Title">May be empty.</param>
/// <param name="IsNamed">The title is not the first prompt.</param>
/// <param name="Directory">The working directory.</param>
/// <param name="Version">The agent's version.</param>
internal sealed record IndexedTranscript(
    ulong Node, long Began, string Title, bool IsNamed, string? Directory, string? Version);

/// <summary>Knows what the beginning and the end of each transcript say.</summary>
internal sealed class TranscriptIndex(SessionIndex store, string folder)
{
    private const int HeadBytes = 1024 * 1024;
    private const int HeadLines = 200;
    private const int TailBytes = 64 * 1024;

    private readonly HeadIndex<IndexedTranscript> index = new(store, "claude", folder, Look);
    private IReadOnlyList<(ListedFile File, IndexedTranscript? Head)> files = [];
    private ILookup<ulong, (string Path, IndexedTranscript Head)>? byNode;

    /// <summary>Gets the number of files that are not empty and begin with nothing that is known.</summary>
    public int Unplaced { get; private set; }

    /// <summary>Looks into the files that are new or changed; forgets those that are gone.</summary>
    public void Refresh(IReadOnlyCollection<ListedFile> listed)
    {
        files = index.Refresh(listed);
        byNode = null;
        Unplaced = files.Count(one => one.File.Length > 0
            && one.Head is null or { Node: 0, Directory: null, Title.Length: 0 });
    }

    public IndexedTranscript? Of(string transcript) => index.Known(transcript);

    /// <summary>Returns the transcripts that begin with a node.</summary>
    public IEnumerable<(string Path, IndexedTranscript Head)> Begun(ulong node) =>
        (byNode ??= files.Where(one => one.Head is not null).Select(one => (one.File.Path, one.Head!))
            .ToLookup(one => one.Item2.Node))[node];

    private static HeadIndex<IndexedTranscript>.Entry? Look(ListedFile file, IndexedTranscript? before)
    {
        try
        {
            using var lines = LineFile.Open(file.Path);
            var facts = new FactState();
            var head = new IndexedTranscript(0, 0, "", IsNamed: false, null, null);
            long offset = 0;
            int count = 0;
            foreach (FileLine text in lines.LinesFrom(0))
            {
                using (var line = TranscriptLine.Parse(text, offset)) head = Take(head, facts, line);
                offset = text.End;
                bool isEnough = head.Node != 0 && facts is { FirstPrompt: not null, Directory: not null };
                if (isEnough || ++count >= HeadLines || offset >= HeadBytes) break;
            }

            if (offset < file.Length) TakeEnd(facts, lines, offset, file.Length - TailBytes);
            string title = facts.Shown();
            bool isNamed = facts.Title is not null || facts.Name is not null || facts.Summary is not null;
            if (!isNamed && before is { IsNamed: true } && before.Node == head.Node)
                (title, isNamed) = (before.Title, true);
            head = head with
            {
                Title = title, IsNamed = isNamed, Directory = facts.Directory, Version = facts.Version,
            };
            return new(head, IsWhole: false); // a name may come later
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static IndexedTranscript Take(IndexedTranscript head, FactState facts, TranscriptLine line)
    {
        facts.Take(line);
        if (line.Kind == LineKind.Prompt && !line.IsSidechain
            && TranscriptLine.TextOf(line.Message) is { Length: > 0 } text)
            facts.FirstPrompt ??= FactState.TitleOf(text);
        bool isConversation = line.Node != 0 && line.Kind is not (LineKind.Unknown or LineKind.LeftOut);
        if (isConversation && head.Node == 0) head = head with { Node = line.Node };
        return head.Began == 0 && line.Time != 0 ? head with { Began = line.Time } : head;
    }

    /// <summary>Takes the names at the end of a file, where they are repeated.</summary>
    private static void TakeEnd(FactState facts, LineFile lines, long head, long end)
    {
        bool isWhole = head >= end;
        foreach (FileLine text in lines.LinesFrom(Math.Max(head, end)))
        {
            if (isWhole)
                using (var line = TranscriptLine.Parse(text, head)) facts.Take(line);
            isWhole = true;
        }
    }
}
