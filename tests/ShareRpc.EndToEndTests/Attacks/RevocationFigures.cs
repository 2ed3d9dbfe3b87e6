namespace ShareRpc.EndToEndTests.Attacks;

/// <summary>What was seen over many revocations, counted from the reply of each.</summary>
/// <param name="Revocations">How many.</param>
/// <param name="Readers">Guests that read and append meanwhile.</param>
/// <param name="Ops">In the log at the end.</param>
/// <param name="AppendsAfter">Ops of a revoked guest behind an op that was committed no earlier than the
/// revocation.</param>
/// <param name="PagesAfter">Pages that a revoked guest got with such an op in them.</param>
/// <param name="OtherEnds">Reads that ended in another way than <c>capability_revoked</c> or a closed
/// connection.</param>
/// <param name="LastOp">From the reply until the last op arrived at the guest; 0 when that was before.</param>
/// <param name="Ended">From the reply until the guest's read had ended; 0 when that was before.</param>
internal sealed record RevocationFigures(
    int Revocations, int Readers, long Ops, int AppendsAfter, int PagesAfter, int OtherEnds, Percentiles LastOp,
    Percentiles Ended);
