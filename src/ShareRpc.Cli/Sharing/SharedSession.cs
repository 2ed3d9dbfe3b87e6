using ShareRpc.Client.Writing;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.LeftOut;
using ShareRpc.Sources.Opencode;
using ShareRpc.Sources.Opencode.Files;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Cli.Sharing;

internal sealed class SharedSession(
    string sessionId, ShareWriter writer, string? linkState,
    Func<(int Messages, int Parts, int Skipped, SecretCounts Redacted, IReadOnlyList<LeftOutDocument> LeftOut)> counts)
{
    private readonly WriterStatus before = writer.Status;
    private readonly SessionFollower? followed;

    public SharedSession(OpencodeSync sync, string? linkState)
        : this(sync.SessionId, sync.Writer, linkState,
            () => (sync.Messages, sync.Parts, sync.Skipped, sync.Redacted, sync.LeftOut))
    {
    }

    public SharedSession(SessionFollower follower, string? linkState)
        : this(follower.Session.Id, follower.Writer, linkState,
            () => (follower.Report.Messages, follower.Report.Parts, follower.Skipped, follower.Redacted,
                follower.LeftOut))
    {
        followed = follower;
    }

    public SharedSession(ImportedSession session, string? linkState)
        : this(session.SessionId, session.Writer, linkState,
            () => (session.Messages, session.Parts, session.Skipped, session.Redacted, session.LeftOut))
    {
    }

    /// <summary>
    /// Gets the read-only link; null when this share was joined through a link that may make none, or when it was
    /// revoked.
    /// </summary>
    public string? Link { get; } = linkState is null or "active" ? writer.ViewerLink?.Reveal() : null;

    /// <summary>Gets the link, or why there is none and what to do.</summary>
    public string LinkOrReason => Link ?? (writer, linkState) switch
    {
        ({ IsViewerLinkRevoked: true }, _) =>
            $"(its link was revoked; create another with: sharerpc invite {sessionId})",
        ({ ViewerLink: { } link }, { } state) =>
            $"(its link is {state}: sharerpc resume {link.Token.CapId}, or create another with: sharerpc invite "
                + $"{sessionId})",
        _ => "(shared through a link that may not create links)",
    };

    public WriterStatus Status => writer.Status;

    /// <summary>Gets how much was refused since this run began; what was refused earlier is not said again.</summary>
    public long Failed => NewlyFailed(Status);

    public long Redacted => counts().Redacted.Total;

    public SessionReport Report()
    {
        WriterStatus now = Status;
        long failed = NewlyFailed(now);
        (int messages, int parts, int skipped, SecretCounts redacted, IReadOnlyList<LeftOutDocument> leftOut) =
            counts();
        return new SessionReport
        {
            Session = sessionId, ShareId = writer.ShareId, Link = Link, Messages = messages, Parts = parts,
            Applied = now.Applied - before.Applied, Duplicates = now.Duplicates - before.Duplicates,
            Failed = failed, FailedEarlier = now.FailedEarlier,
            Pending = now.Pending + now.InFlight, Skipped = skipped, LeftOut = leftOut, Redacted = redacted.Total,
            RedactedByRule = redacted.ByRule, Cursor = now.Cursor,
            LastError = failed > 0 || now.ClosedCode is not null ? now.LastError : null,
            Unknown = followed?.Report.Unknown is { Count: > 0 } types ? types : null, Lost = followed?.Report.Lost,
        };
    }

    private static long NewlyFailed(WriterStatus status) => status.Failed - status.FailedEarlier;
}
