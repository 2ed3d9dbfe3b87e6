using ShareRpc.Client;
using ShareRpc.Sources.Opencode;

namespace ShareRpc.Cli.Sharing;

/// <summary>One session of a run: its counts are those of the run, not of the outbox's life.</summary>
internal sealed class SharedSession(OpencodeSync sync, string? link)
{
    private readonly WriterStatus before = sync.Writer.Status;

    /// <summary>The read-only link; null when this share was joined through a link that may make none.</summary>
    public string? Link => link;

    public WriterStatus Status => sync.Writer.Status;

    public SessionReport Report()
    {
        WriterStatus now = Status;
        return new SessionReport
        {
            Session = sync.SessionId, ShareId = sync.Writer.ShareId, Link = link, Messages = sync.Messages, Parts = sync.Parts,
            Applied = now.Applied - before.Applied, Duplicates = now.Duplicates - before.Duplicates, Failed = now.Failed,
            Pending = now.Pending + now.InFlight, Skipped = sync.Skipped, Cursor = now.Cursor, LastError = now.LastError,
        };
    }
}
