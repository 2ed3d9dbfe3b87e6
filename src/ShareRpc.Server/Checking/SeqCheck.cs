namespace ShareRpc.Server.Checking;

/// <summary>The recorded seqs of one writer, in order: gapless from 1 up to its watermark (I1).</summary>
internal sealed class SeqCheck(CheckRun run, CheckedShare share, string writerId)
{
    private long last;

    public void Add(long seq)
    {
        if (seq == last) run.Find("I1", share.ShareId, $"seq {seq} of writer {writerId} is recorded twice");
        else if (seq != last + 1)
            run.Find("I1", share.ShareId, $"seqs {last + 1} to {seq - 1} of writer {writerId} are recorded nowhere");
        last = seq;
    }

    public void End(long acked)
    {
        if (last < acked)
            run.Find("I1", share.ShareId, $"seqs {last + 1} to {acked} of writer {writerId} are acknowledged and recorded nowhere");
        if (last > acked) run.Find("I1", share.ShareId, $"writer {writerId} has records up to seq {last}, and its watermark is {acked}");
    }
}
