namespace ShareRpc.Tests.Server.Append.Model;

internal enum LogAct
{
    /// <summary>A batch is queued; its answer is awaited later, so that several meet in one transaction.</summary>
    Send,

    /// <summary>A batch that was sent before, whatever was answered, is queued again as it was.</summary>
    Resend,
    Await,
    Fold,
    Read,

    /// <summary>The medium fails while a batch is committed.</summary>
    Fail,
    End,
}
