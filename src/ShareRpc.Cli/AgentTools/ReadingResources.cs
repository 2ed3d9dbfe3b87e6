using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using ShareRpc.Cli.Terminal;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Transcripts;

namespace ShareRpc.Cli.AgentTools;

/// <summary>
/// The shares of this machine as resources: the first page of each as text. An address holds no token, since programs
/// write addresses to logs.
/// </summary>
internal static class ReadingResources
{
    private const string Prefix = "sharerpc://session/";
    private const string PlainText = "text/plain";
    private const int MostListed = 200;

    public static McpServerResource Template(ReadableSessions sessions) => McpServerResource.Create(
        (string share_id, CancellationToken stop) => ReadAsync(sessions, share_id, stop),
        new McpServerResourceCreateOptions
        {
            UriTemplate = Prefix + "{share_id}", Name = "session", MimeType = PlainText,
            Description = "The first page of a session that is shared from this machine." + TranscriptWords.Caution,
        });

    public static async ValueTask<ListResourcesResult> ListAsync(ReadableSessions sessions, CancellationToken stop)
    {
        IReadOnlyList<ShareWriter> shares = await sessions.ListAsync(stop).ConfigureAwait(false);
        return new ListResourcesResult
        {
            Resources = [.. shares.Reverse().Take(MostListed).Select(share => new Resource
            {
                Uri = Prefix + share.ShareId, MimeType = PlainText,
                Name = SafeText.Line(share.Label is { Length: > 0 } label ? label : share.ExternalKey, 100),
            })],
        };
    }

    /// <summary>Returns the share of a resource; throws for any other address.</summary>
    public static string ShareIdOf(string uri)
    {
        string shareId = uri.StartsWith(Prefix, StringComparison.Ordinal) ? uri[Prefix.Length..] : "";
        return RandomId.IsValid(shareId) ? shareId : throw new ModelContextProtocol.McpException(
            "No such session is shared here. resources/list names those that are.");
    }

    private static async Task<string> ReadAsync(ReadableSessions sessions, string shareId, CancellationToken stop)
    {
        ShareIdOf(Prefix + shareId);
        try
        {
            return await sessions.ReadAsync(shareId, new TranscriptRequest(), stop).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw new ModelContextProtocol.McpException(SafeText.Line(Failure.Of(error).Message, 1000));
        }
    }
}
