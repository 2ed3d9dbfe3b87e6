using System.Text.Json;
using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.Codex;

/// <summary>What is read of one rollout file for a session.</summary>
/// <param name="File">The file.</param>
/// <param name="Place">Whose documents it makes.</param>
/// <param name="Cut">Lines behind it are not of the session any more; null for the live file.</param>
/// <param name="IsForeign">Another session's: lines behind the cut are not read. Otherwise they are undone.</param>
/// <param name="StartedBy">The thread that started this one.</param>
internal sealed record RolloutPlan(
    RolloutFile File, RolloutPlace Place, RolloutCut? Cut, bool IsForeign, string? StartedBy)
{
    private const int MostSegments = 64;
    private const int MostSubagents = 1000;

    /// <summary>Gets what a change of the cut changes.</summary>
    public string CutText => Cut is null ? "" : $"{Cut.Ordinal}:{Cut.Offset}";

    /// <summary>
    /// Returns whether a line makes documents: not a copy of the parent's, nor one of another session behind the cut.
    /// Notes from which line on the own ones are undone.
    /// </summary>
    public bool Accepts(FileLine line, long offset, RolloutState state)
    {
        if (Cut is null && File.Head.OwnOrdinal is null) return true;
        long? ordinal = OrdinalOf(line.Utf8.Span);
        if (state.Line > 0 && ordinal < File.Head.OwnOrdinal) return false;
        if (Cut?.IsBefore(ordinal, offset) != true) return true;
        if (!IsForeign && state.Undone is not [.., { To: int.MaxValue }])
            state.Undone.Add(new LineRange(state.Line, int.MaxValue));
        return !IsForeign;
    }

    /// <summary>
    /// Returns what to read for a session: what it was forked from, its own files with those that a revert replaced,
    /// and its subagents; in this order.
    /// </summary>
    public static IReadOnlyList<RolloutPlan> Of(string session, RolloutCatalog catalog)
    {
        var plans = new List<RolloutPlan>();
        var threads = new HashSet<string>([session], StringComparer.Ordinal);
        var waiting = new Queue<(string Thread, string? StartedBy)>([(session, null)]);
        while (waiting.TryDequeue(out (string Thread, string? StartedBy) next))
        {
            AddThread(plans, catalog, session, next.Thread, next.StartedBy);
            foreach (string below in catalog.StartedBy(next.Thread))
            {
                if (threads.Count < MostSubagents && threads.Add(below)) waiting.Enqueue((below, next.Thread));
            }
        }

        return plans;
    }

    /// <summary>Returns the session that a session goes on from and whose file is gone; null for none.</summary>
    public static string? LostUnder(string session, RolloutCatalog catalog)
    {
        if (catalog.Of(session) is not [.., { } live]) return null;
        Chain(live, catalog, out List<RolloutFile> chain);
        return chain[^1].Head.Cut is null ? null : chain[^1].Head.Base;
    }

    /// <summary>Returns the member <c>ordinal</c> of a line's object.</summary>
    private static long? OrdinalOf(ReadOnlySpan<byte> line)
    {
        try
        {
            var json = new Utf8JsonReader(line);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject) return null;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                bool isIt = json.ValueTextEquals("ordinal"u8);
                json.Read();
                if (isIt)
                    return json.TokenType == JsonTokenType.Number && json.TryGetInt64(out long number) ? number : null;
                json.Skip();
            }
        }
        catch (JsonException)
        {
            // Not a record.
        }

        return null;
    }

    private static void AddThread(
        List<RolloutPlan> plans, RolloutCatalog catalog, string session, string thread, string? startedBy)
    {
        IReadOnlyList<RolloutFile> own = catalog.Of(thread);
        if (own.Count == 0) return;
        Dictionary<string, RolloutCut?> cuts = Chain(own[^1], catalog, out List<RolloutFile> chain);
        string? agent = startedBy is null ? null : thread;
        IEnumerable<RolloutFile> before = chain.Where(file => file.Head.Thread != thread).Reverse();
        foreach (RolloutFile file in startedBy is null ? before : [])
        {
            var place = new RolloutPlace(session, file.Head.Tag, agent);
            plans.Add(new RolloutPlan(file, place, cuts[file.Head.Tag], IsForeign: true, null));
        }

        foreach (RolloutFile file in own)
        {
            RolloutCut? cut = cuts.TryGetValue(file.Head.Tag, out RolloutCut? end) ? end : RolloutCut.AtStart;
            plans.Add(new RolloutPlan(file, new RolloutPlace(session, file.Head.Tag, agent), cut, false, startedBy));
        }
    }

    /// <summary>Returns by tag where each file ends that the live one stands on; the live one is first.</summary>
    private static Dictionary<string, RolloutCut?> Chain(
        RolloutFile live, RolloutCatalog catalog, out List<RolloutFile> chain)
    {
        var cuts = new Dictionary<string, RolloutCut?>(StringComparer.Ordinal) { [live.Head.Tag] = null };
        chain = [live];
        RolloutFile top = live;
        while (chain.Count < MostSegments && top.Head is { Base: { } thread, Cut: { } cut })
        {
            RolloutFile? under = catalog.Of(thread).LastOrDefault(file => !cuts.ContainsKey(file.Head.Tag)
                && file.Head.Time <= top.Head.Time && (cut.Ordinal is null || file.Head.FirstOrdinal < cut.Ordinal));
            if (under is null) break;
            cuts.Add(under.Head.Tag, cut);
            chain.Add(under);
            top = under;
        }

        return cuts;
    }
}
