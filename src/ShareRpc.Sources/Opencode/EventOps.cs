using ShareRpc.Protocol.Ops;

namespace ShareRpc.Sources.Opencode;

/// <summary>What one event comes to.</summary>
/// <param name="Ops">In order; none for an event that the rows answer.</param>
/// <param name="Understood">False for a type or shape that this version does not know: the rows are to be compared instead.</param>
internal sealed record EventOps(IReadOnlyList<OpIntent> Ops, bool Understood)
{
    public static readonly EventOps None = new([], Understood: true);
    public static readonly EventOps Unknown = new([], Understood: false);

    /// <summary>Several ops of one event are one change: all or none.</summary>
    public bool Atomic => Ops.Count > 1;
}
