using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.ClaudeCode;

/// <summary>
/// Finds the branch of a transcript that is the session: the chain of the last prompt or answer, with all lines of the
/// replies on it, and what hangs on those. Holds a few bytes for each line.
/// </summary>
internal sealed class ConversationTree
{
    private const int NoGroup = -1;

    private readonly Dictionary<ulong, int> nodes = [];
    private readonly Dictionary<string, int> groups = new(StringComparer.Ordinal);
    private readonly HashSet<ulong> answered = [];
    private readonly List<Entry> entries = [];
    private int lastAnchor = -1;
    private bool hasParents;
    private bool[] now = [];
    private bool[] before = [];

    private enum Role : byte
    {
        Side,
        Asking,
        Answer,
    }

    /// <summary>Gets whether something was rewound.</summary>
    public bool HasUndone => now.Contains(false);

    /// <summary>Reads the lines of a file, and decides what its branch is, and was at an offset.</summary>
    /// <param name="file">The transcript.</param>
    /// <param name="length">Where reading ends.</param>
    /// <param name="offset">Of an earlier look.</param>
    /// <param name="isMain">Says which lines belong to the conversation.</param>
    public static ConversationTree Of(LineFile file, long length, long offset, Func<TranscriptLine, bool> isMain)
    {
        var tree = new ConversationTree();
        long begin = 0;
        bool isBefore = true;
        foreach (FileLine text in file.LinesFrom(0, TranscriptLine.IsWhole))
        {
            if (text.End > length) break;
            if (isBefore && begin >= offset)
            {
                tree.before = tree.Branch();
                isBefore = false;
            }

            using var line = TranscriptLine.Parse(text, begin);
            begin = text.End;
            if (line.Kind == LineKind.Results) tree.NoteAnswers(line);
            if (line.Node != 0 && isMain(line)) tree.Add(line);
        }

        tree.now = tree.Branch();
        if (isBefore) tree.before = tree.now;
        return tree;
    }

    /// <summary>Returns whether the n-th node is off the branch.</summary>
    public bool IsUndone(int node) => !now[node];

    /// <summary>Returns whether the n-th node was off the branch at the earlier look.</summary>
    public bool WasUndone(int node) => node < before.Length && !before[node];

    /// <summary>Returns whether a node names one before it that is not there.</summary>
    public bool IsLost(int node) => entries[node].IsLost;

    public bool IsAnswered(string callId) => answered.Contains(TranscriptLine.Hash(callId));

    private void NoteAnswers(TranscriptLine line)
    {
        foreach (string id in line.Message!.Value.Items("content").Select(block => block.Text("tool_use_id"))
            .OfType<string>())
            answered.Add(TranscriptLine.Hash(id));
    }

    private void Add(TranscriptLine line)
    {
        Role role = line.Kind == LineKind.Answer ? Role.Answer : line.IsAsking ? Role.Asking : Role.Side;
        int parent = lastAnchor;
        bool isLost = false;
        if (line.Parent != 0) isLost = !nodes.TryGetValue(line.Parent, out parent);
        else if (role == Role.Asking && hasParents) parent = -1; // rewound to the start
        if (isLost) parent = lastAnchor;
        hasParents |= line.Parent != 0;
        int group = NoGroup;
        if (line.MessageId is { } id && !groups.TryGetValue(id, out group)) groups.Add(id, group = groups.Count);
        nodes[line.Node] = entries.Count;
        if (role != Role.Side) lastAnchor = entries.Count;
        entries.Add(new Entry(parent, group, role, isLost));
    }

    private bool[] Branch()
    {
        bool[] isOn = new bool[entries.Count];
        bool[] isGroupOn = new bool[groups.Count];
        for (int at = lastAnchor; at >= 0; at = entries[at].Parent)
        {
            isOn[at] = true;
            if (entries[at].Group != NoGroup) isGroupOn[entries[at].Group] = true;
        }

        for (int at = 0; at < isOn.Length; at++)
        {
            Entry entry = entries[at];
            if (entry.Role == Role.Side) isOn[at] |= entry.Parent < 0 || isOn[entry.Parent];
            else if (entry.Group != NoGroup) isOn[at] |= isGroupOn[entry.Group];
        }

        return isOn;
    }

    private readonly record struct Entry(int Parent, int Group, Role Role, bool IsLost);
}
