using System.ComponentModel;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Transcripts;

namespace ShareRpc.Server.Mcp;

/// <summary>The tools of <c>/mcp</c>. They return what the token may read, as every other page of the server.</summary>
[McpServerToolType]
internal sealed class McpReadingTools
{
    [McpServerTool(Name = "read_session", Title = "Read the session", ReadOnly = true, Idempotent = true,
        Destructive = false, OpenWorld = true)]
    [Description(TranscriptWords.Read)]
    public static Task<CallToolResult> ReadAsync(
        RequestContext<CallToolRequestParams> context,
        [Description(TranscriptWords.Cursor)] string? cursor = null,
        [Description(TranscriptWords.Turn)] int? turn = null,
        [Description(TranscriptWords.Latest)] bool? latest = null,
        [Description(TranscriptWords.MaxTokens)] int? maxTokens = null,
        [Description(TranscriptWords.Detail)] string? detail = null) =>
        AnswerAsync(context, TranscriptRequest.Of(cursor, turn, latest, maxTokens, detail, out string fault), fault);

    [McpServerTool(Name = "search_session", Title = "Search the session", ReadOnly = true, Idempotent = true,
        Destructive = false, OpenWorld = true)]
    [Description(TranscriptWords.Search)]
    public static Task<CallToolResult> SearchAsync(
        RequestContext<CallToolRequestParams> context,
        [Description(TranscriptWords.Query)] string query,
        [Description(TranscriptWords.Cursor)] string? cursor = null,
        [Description(TranscriptWords.MaxResults)] int? maxResults = null) =>
        AnswerAsync(context, TranscriptRequest.OfSearch(query, cursor, maxResults, out string fault), fault);

    /// <summary>Answers a call with arguments of another form by what is wrong with them.</summary>
    public static McpRequestHandler<CallToolRequestParams, CallToolResult> Checked(
        McpRequestHandler<CallToolRequestParams, CallToolResult> next) => (context, stop) =>
            context.MatchedPrimitive is McpServerTool { ProtocolTool: var tool }
            && ToolArguments.Fault(tool.Name, tool.InputSchema, context.Params?.Arguments) is { } fault
                ? ValueTask.FromResult(Said(fault, isError: true)) : next(context, stop);

    private static async Task<CallToolResult> AnswerAsync(
        RequestContext<CallToolRequestParams> context, TranscriptRequest? request, string fault)
    {
        if (request is null) return Said(fault, isError: true);
        McpCall call = context.Services!.GetRequiredService<McpCall>();
        try
        {
            var reader = new TranscriptReader(kind => DocumentsAsync(call, kind, call.Aborted), request, Reserve);
            string page = await reader.ReadAsync().ConfigureAwait(false);
            call.Authority.Demand(Rights.Read);
            return Said(page, isError: false);
        }
        catch (ShareRpcException error)
        {
            return Said(error.Hint, isError: true);
        }

        void Reserve(int bytes)
        {
            if (!call.Account.TryGrow(bytes)) throw new ShareRpcException(ErrorCode.Overloaded);
        }
    }

    private static async IAsyncEnumerable<Document> DocumentsAsync(
        McpCall call, string kind, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        DocKey? after = null;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            StatePage page = await call.Reads
                .ReadStateAsync(call.Authority, new GetStateRequest { Kinds = [kind], AfterKey = after });
            foreach (Document document in page.Docs) yield return document;
            after = page.NextKey;
        }
        while (after is not null);
    }

    private static CallToolResult Said(string text, bool isError) =>
        new() { Content = [new TextContentBlock { Text = text }], IsError = isError };
}
