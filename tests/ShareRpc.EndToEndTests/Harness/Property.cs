namespace ShareRpc.EndToEndTests.Harness;

/// <summary>What the checker checks.</summary>
internal enum Property
{
    /// <summary>Cursors are 1, 2, 3, ... (I1).</summary>
    Gapless,

    /// <summary>An op id is in the log once (I2).</summary>
    Once,

    /// <summary>What was enqueued and must be applied is in the log (I3).</summary>
    NothingLost,

    /// <summary>What is in the log is what was enqueued, byte for byte, and nothing else is there.</summary>
    NothingInvented,

    /// <summary>A writer's seqs, and a plan's ops, are in their order (I1).</summary>
    WriterOrder,

    /// <summary>Readers saw exactly the first ops of the log (I4, I5).</summary>
    ReadersPrefix,

    /// <summary>The state is the fold of the log.</summary>
    StateIsFold,

    /// <summary>What must be refused was, with its code, and nothing else.</summary>
    Refusals,

    /// <summary>Each row left its outbox once (I8).</summary>
    RowsAccounted,

    /// <summary>No append and no page passed a revocation that was answered, on any node (I12).</summary>
    NothingAfterRevocation,
}
