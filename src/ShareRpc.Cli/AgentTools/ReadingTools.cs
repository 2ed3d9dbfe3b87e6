using System.ComponentModel;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using ShareRpc.Protocol.Transcripts;

namespace ShareRpc.Cli.AgentTools;

/// <summary>
/// The tools that read a session: by a link, what the link may; one of this machine, as its agent kept it.
/// </summary>
internal sealed class ReadingTools(ReadableSessions sessions)
{
    public IEnumerable<McpServerTool> All() =>
    [
        ToolAnswer.Tool("read_session", "Read a session", TranscriptWords.Read, ReadAsync, isReading: true),
        ToolAnswer.Tool("search_session", "Search a session", TranscriptWords.Search, SearchAsync, isReading: true),
    ];

    private Task<CallToolResult> ReadAsync(
        [Description(ToolWords.Session)] string session,
        [Description(TranscriptWords.Cursor)] string? cursor = null,
        [Description(TranscriptWords.Turn)] int? turn = null,
        [Description(TranscriptWords.Latest)] bool? latest = null,
        [Description(TranscriptWords.MaxTokens)] int? maxTokens = null,
        [Description(TranscriptWords.Detail)] string? detail = null,
        CancellationToken stop = default) => ToolAnswer.OfAsync(() => sessions.ReadAsync(
            ToolWords.Named(session), TranscriptRequest.Of(cursor, turn, latest, maxTokens, detail, out string fault)
                ?? throw new CliException(ExitCode.Usage, fault), stop));

    private Task<CallToolResult> SearchAsync(
        [Description(ToolWords.Session)] string session,
        [Description(TranscriptWords.Query)] string query,
        [Description(TranscriptWords.Cursor)] string? cursor = null,
        [Description(TranscriptWords.MaxResults)] int? maxResults = null,
        CancellationToken stop = default) => ToolAnswer.OfAsync(() => sessions.ReadAsync(
            ToolWords.Named(session), TranscriptRequest.OfSearch(query, cursor, maxResults, out string fault)
                ?? throw new CliException(ExitCode.Usage, fault), stop));
}
