using ShareRpc.Sources.Following;

namespace ShareRpc.Sources.Codex;

/// <summary>
/// Reads a whole file without putting anything, where a later line changes what earlier ones mean: after a rollback, a
/// revert, or when the file was replaced.
/// </summary>
/// <param name="Undone">The lines that are undone.</param>
/// <param name="Keys">The documents that the file makes.</param>
internal sealed record RolloutSurvey(List<LineRange> Undone, HashSet<(string Kind, string Key)> Keys)
{
    /// <summary>Returns whether a rollback may stand behind an offset.</summary>
    public static bool MayRollBack(LineFile lines, long offset)
    {
        foreach (FileLine line in lines.LinesFrom(offset))
        {
            if (line.Utf8.Span.IndexOf("thread_rolled_back"u8) >= 0) return true;
        }

        return false;
    }

    public static RolloutSurvey Of(RolloutPlan plan, LineFile lines)
    {
        var state = new RolloutState { Cut = plan.CutText };
        var keys = new HashSet<(string, string)>();
        var undone = new List<LineRange>();
        var turns = new Stack<int>();
        var fold = new RolloutFold(plan.Place, state, change => keys.Add((change.Kind, change.Key)), _ => null)
        {
            UserSpoke = turns.Push,
            RolledBack = count =>
            {
                int from = state.Line;
                for (; count > 0 && turns.TryPop(out int line); count--) from = line;
                if (from < state.Line) undone.Add(new LineRange(from, state.Line));
            },
        };
        long offset = 0;
        foreach (FileLine line in lines.LinesFrom(0))
        {
            if (plan.Accepts(line, offset, state)) fold.Add(line, offset);
            else if (plan.IsForeign) break;
            else state.Line++;
            offset = line.End;
        }

        undone.AddRange(state.Undone);
        return new RolloutSurvey(undone, keys);
    }

    /// <summary>Returns the removals of what a number of lines may have made, and these do not.</summary>
    public IEnumerable<DocumentChange> Gone(RolloutPlace place, int lines, int most) =>
        Enumerable.Range(0, lines).SelectMany(line => place.RemovalsOf(line, most))
            .Where(change => !Keys.Contains((change.Kind, change.Key)));
}
