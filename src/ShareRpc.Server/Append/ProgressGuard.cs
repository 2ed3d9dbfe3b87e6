using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Append;

/// <summary>
/// Finds late states of documents of the session format, because requests overlap: by update and end times, a tool's
/// status, and a user message's change count, which only grows. Equal or missing values pass.
/// </summary>
internal static class ProgressGuard
{
    /// <summary>Returns whether states of this kind may come late.</summary>
    public static bool IsFor(string kind) => kind is Kinds.Session or Kinds.Message or Kinds.Part;

    /// <param name="kind">The kind of both.</param>
    /// <param name="before">The document.</param>
    /// <param name="after">What a put of a whole state makes of it.</param>
    /// <param name="cameWithNewest">
    /// It came along with a state of the session that is not behind: then what a user's message says counts, be it
    /// less.
    /// </param>
    public static bool IsBehind(string kind, ProgressFacts before, ProgressFacts after, bool cameWithNewest)
    {
        if (!IsFor(kind)) return false;
        if (IsEarlier(before.Time, after.Time)) return true;
        return kind switch
        {
            Kinds.Session => false,
            Kinds.Message => !cameWithNewest && after.Changes < before.Changes,
            _ => before.HasState && (after.Rank < before.Rank || IsEarlier(before.Ended, after.Ended)
                || IsEarlier(before.Compacted, after.Compacted)),
        };
    }

    private static bool IsEarlier(double? before, double? after) => before is not null && !(after >= before);
}
