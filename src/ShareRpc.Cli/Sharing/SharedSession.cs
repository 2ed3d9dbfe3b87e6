using ShareRpc.Client.Writing;
using ShareRpc.Sources.Opencode;
using ShareRpc.Sources.Opencode.Files;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Cli.Sharing;

internal sealed class SharedSession(
    string sessionId, ShareWriter writer, Func<(int Messages, int Parts, int Skipped, SecretCounts Redacted)> counts)
{
    private readonly WriterStatus before = writer.Status;

    public SharedSession(OpencodeSync sync)
        : this(sync.SessionId, sync.Writer, () => (sync.Messages, sync.Parts, sync.Skipped, sync.Redacted))
    {
    }

    public SharedSession(ImportedSession session)
        : this(session.SessionId, session.Writer,
            () => (session.Messages, session.Parts, session.Skipped, session.Redacted))
    {
    }

    /// <summary>Gets the read-only link; null if revoked, or if the joined link may not create one.</summary>
    public string? Link { get; } = writer.ViewerLink?.Reveal();

    public string LinkOrReason => Link ?? (writer.IsViewerLinkRevoked
        ? $"(its link was revoked; create another with: sharerpc invite {sessionId})"
        : "(shared through a link that may not create links)");

    public WriterStatus Status => writer.Status;

    public long Redacted => counts().Redacted.Total;

    public SessionReport Report()
    {
        WriterStatus now = Status;
        (int messages, int parts, int skipped, SecretCounts redacted) = counts();
        return new SessionReport
        {
            Session = sessionId, ShareId = writer.ShareId, Link = Link, Messages = messages, Parts = parts,
            Applied = now.Applied - before.Applied, Duplicates = now.Duplicates - before.Duplicates,
            Failed = now.Failed,
            Pending = now.Pending + now.InFlight, Skipped = skipped, Redacted = redacted.Total,
            RedactedByRule = redacted.ByRule, Cursor = now.Cursor, LastError = now.LastError,
        };
    }
}
