using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.LeftOut;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Opencode;

/// <summary>Makes steps from events. Each step has its end position.</summary>
internal sealed class EventPass(
    IEnumerable<OpencodeEvent> events, SyncPosition start, KnownDocuments known, SecretFilter? filter = null,
    Revert? revert = null, LeftOutDocuments? leftOut = null, SessionForm? form = null)
{
    private readonly StepBuilder builder = new(filter ?? new SecretFilter(null), leftOut);

    public SyncPosition Position { get; private set; } = start;

    /// <summary>Gets whether an unknown event requires a row comparison.</summary>
    public bool RowsNeeded { get; private set; }

    public int Skipped => builder.Skipped;

    public IEnumerable<SyncStep> Steps()
    {
        foreach (OpencodeEvent source in events)
        {
            EventOps mapped = EventMapping.Map(source, known, filter, revert, form);
            RowsNeeded |= !mapped.Understood;
            SyncPosition before = Position;
            Position = Position with { EventSeq = source.Seq, EventId = source.Id };
            if (mapped.Atomic)
            {
                if (builder.Take(before) is { } earlier) yield return earlier;
                foreach (SyncStep step in StepBuilder.Atomic(mapped.Ops, Position)) yield return step;
                continue;
            }

            foreach (OpIntent op in mapped.Ops)
            {
                if (builder.Add(op, Position) is { } full) yield return full;
            }
        }

        if (builder.Take(Position) is { } last) yield return last;
    }
}
