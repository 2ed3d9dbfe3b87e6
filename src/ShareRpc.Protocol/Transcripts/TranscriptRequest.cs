namespace ShareRpc.Protocol.Transcripts;

/// <summary>How much of a session is shown.</summary>
internal enum TranscriptDetail
{
    /// <summary>What was said, and a line for each call of a tool.</summary>
    Brief,

    /// <summary>Also the begin of the input and output of tools.</summary>
    Normal,

    /// <summary>Everything, reasoning included.</summary>
    Full,
}

/// <summary>What of a session is read.</summary>
/// <param name="After">Where to go on; null from the start.</param>
/// <param name="Turn">The turn to begin with, from 1; null for the first.</param>
/// <param name="Latest">Whether to read the end of the session instead.</param>
/// <param name="MaxTokens">The budget, estimated: 3 bytes of UTF-8 are a token.</param>
/// <param name="Detail">How much is shown.</param>
/// <param name="Query">Only parts with this text, and of them what is around it; null for all.</param>
/// <param name="MaxResults">With a query: how many parts.</param>
internal sealed record TranscriptRequest(
    TranscriptPosition? After = null, int? Turn = null, bool Latest = false,
    int MaxTokens = TranscriptRequest.DefaultTokens, TranscriptDetail Detail = TranscriptDetail.Normal,
    string? Query = null, int MaxResults = TranscriptRequest.DefaultResults)
{
    public const int DefaultTokens = 6_000;
    public const int LeastTokens = 200;
    public const int MostTokens = 20_000;
    public const int DefaultResults = 20;
    public const int MostResults = 100;
    public const int LongestQuery = 200;
    public const int BytesPerToken = 3;

    /// <summary>
    /// Checks what a caller gave; returns null and what is wrong, as a sentence for whoever called, if it cannot be.
    /// </summary>
    public static TranscriptRequest? Of(
        string? cursor, int? turn, bool? latest, int? maxTokens, string? detail, out string fault)
    {
        fault = "";
        TranscriptPosition? after = null;
        if (!string.IsNullOrEmpty(cursor))
        {
            if (!TranscriptPosition.TryParse(cursor, out TranscriptPosition found))
                fault = "cursor is not one that this tool has returned.";
            after = found;
        }

        if (turn < 1) fault = "turn must be 1 or more.";
        if ((after is not null ? 1 : 0) + (turn is not null ? 1 : 0) + (latest == true ? 1 : 0) > 1)
            fault = "Give only one of cursor, turn and latest.";
        TranscriptDetail? level = detail switch
        {
            null or "" or "normal" => TranscriptDetail.Normal, "brief" => TranscriptDetail.Brief,
            "full" => TranscriptDetail.Full, _ => null,
        };
        if (level is null) fault = "detail must be brief, normal or full.";
        int tokens = Math.Clamp(maxTokens ?? DefaultTokens, LeastTokens, MostTokens);
        return fault.Length > 0 ? null
            : new TranscriptRequest(after, turn, latest == true, tokens, level!.Value);
    }

    /// <summary>Likewise for a search.</summary>
    public static TranscriptRequest? OfSearch(string? query, string? cursor, int? maxResults, out string fault)
    {
        TranscriptRequest? request = Of(cursor, turn: null, latest: null, maxTokens: null, detail: "full", out fault);
        if (query?.Trim() is not { Length: > 0 and <= LongestQuery })
        {
            fault = $"query must have 1 to {LongestQuery} characters.";
            return null;
        }

        int most = Math.Clamp(maxResults ?? DefaultResults, 1, MostResults);
        return request is null ? null : request with { Query = query.Trim(), MaxResults = most };
    }
}
