using FsCheck;
using FsCheck.Fluent;

namespace ShareRpc.Tests.Server.Append.Model;

/// <summary>
/// One step against the log. Numbers pick among what is there when it runs, so that a sequence stays meaningful when
/// steps are taken out.
/// </summary>
/// <param name="Act">What is done.</param>
/// <param name="Share">Which share.</param>
/// <param name="Writer">Which writer; 3 is a handle without one.</param>
/// <param name="Shift">Where a batch starts, from where it should; with a resend, which batch.</param>
/// <param name="Expect">2: no expected cursor; otherwise how far it is off.</param>
/// <param name="Atomic">All or none.</param>
/// <param name="Ops">The ops; a negative number is the altered op.</param>
internal sealed record LogStep(LogAct Act, int Share, int Writer, int Shift, int Expect, bool Atomic, int[] Ops)
{
    private static readonly (int, Gen<LogAct>)[] Acts =
    [
        (30, Gen.Constant(LogAct.Send)), (8, Gen.Constant(LogAct.Resend)), (4, Gen.Constant(LogAct.Await)),
        (2, Gen.Constant(LogAct.Fold)), (3, Gen.Constant(LogAct.Read)), (2, Gen.Constant(LogAct.Fail)),
        (1, Gen.Constant(LogAct.End)),
    ];

    private static readonly Gen<int> AnyOp = Gen.Frequency(
        (14, Gen.Choose(1, ModelOp.Count)), (10, Gen.Choose(1, 20)), (1, Gen.Choose(-20, -1)));

    private static readonly Gen<int> AnyShift =
        Gen.Frequency((20, Gen.Constant(0)), (3, Gen.Choose(-4, -1)), (1, Gen.Choose(1, 2)));

    private static readonly Gen<int> AnyExpect =
        Gen.Frequency((12, Gen.Constant(2)), (3, Gen.Constant(0)), (1, Gen.Choose(-1, 1)));

    public static Gen<LogStep> Any { get; } =
        from act in Gen.Frequency(Acts)
        from share in Gen.Frequency((3, Gen.Constant(0)), (1, Gen.Constant(1)))
        from writer in Gen.Choose(0, 3)
        from shift in AnyShift
        from expect in AnyExpect
        from atomic in Gen.Frequency((3, Gen.Constant(false)), (1, Gen.Constant(true)))
        from count in Gen.Choose(1, 5)
        from ops in Gen.ArrayOf(AnyOp, count)
        select new LogStep(act, share, writer, shift, expect, atomic, ops);

    public override string ToString() =>
        $"{Act}(s{Share} w{Writer} {Shift:+#;-#;0} expect {Expect}{(Atomic ? " atomic" : "")} "
            + $"[{string.Join(" ", Ops)}])";
}
