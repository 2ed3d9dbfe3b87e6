namespace ShareRpc.EndToEndTests.Harness;

/// <summary>What must become of a planned op, whatever breaks.</summary>
internal enum Expectation
{
    /// <summary>It is in the log, once.</summary>
    Applied,

    /// <summary>It changes nothing, so it is not in the log.</summary>
    Unchanged,

    /// <summary>Two writers plan the same op: it is in the log, once, whoever came first.</summary>
    Shared,

    /// <summary>
    /// Two writers plan other content under one op id: one of them is in the log, the other is refused.
    /// </summary>
    Contended,

    /// <summary>It is refused with the planned code, and not in the log.</summary>
    Refused,
}
