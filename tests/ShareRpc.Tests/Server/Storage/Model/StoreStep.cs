using FsCheck;
using FsCheck.Fluent;

namespace ShareRpc.Tests.Server.Storage.Model;

/// <summary>
/// One step against a store. The numbers pick among what is there when it runs (modulo how many there are), so that a
/// sequence stays meaningful when steps are taken out of it.
/// </summary>
internal sealed record StoreStep(StoreAct Act, int A, int B, int C)
{
    private static readonly (int Weight, StoreAct Act)[] Weights =
    [
        (2, StoreAct.Creator), (4, StoreAct.Share), (5, StoreAct.Attenuate), (4, StoreAct.Writer),
            (24, StoreAct.Append),
        (6, StoreAct.Reject), (8, StoreAct.WriteDoc), (4, StoreAct.Fold), (4, StoreAct.DropData),
        (4, StoreAct.OpenTurn),
        (1, StoreAct.End), (1, StoreAct.Delete), (2, StoreAct.Erase),
        (2, StoreAct.Revoke), (2, StoreAct.Suspend), (2, StoreAct.Rotate), (1, StoreAct.Adopt), (2, StoreAct.Use),
        (3, StoreAct.Quota),
        (1, StoreAct.EndGrants), (2, StoreAct.DeleteGrants),
        (2, StoreAct.Audit), (2, StoreAct.SessionShare), (1, StoreAct.OpenCreator),
        (9, StoreAct.Commit), (3, StoreAct.Rollback), (1, StoreAct.Reopen), (2, StoreAct.Maintain),
            (4, StoreAct.OpenSnapshot),
        (6, StoreAct.ReadSnapshot), (3, StoreAct.CloseSnapshot),
    ];

    /// <summary>Where every sequence starts: two shares, one with writers.</summary>
    public static IReadOnlyList<StoreStep> Beginning { get; } =
    [
        new(StoreAct.Creator, 0, 0, 0), new(StoreAct.Share, 0, 1, 0), new(StoreAct.Share, 0, 0, 0),
        new(StoreAct.Writer, 0, 0, 0),
        new(StoreAct.Writer, 0, 1, 0), new(StoreAct.Commit, 0, 3, 9),
    ];

    public static Gen<StoreStep> Any { get; } =
        from act in Gen.Frequency(Weights.Select(weight => (weight.Weight, Gen.Constant(weight.Act))))
        from a in Gen.Choose(0, 11)
        from b in Gen.Choose(0, 11)
        from c in Gen.Choose(0, 11)
        select new StoreStep(act, a, b, c);

    public override string ToString() => $"{Act}({A},{B},{C})";
}
