using System.Text.Json.Nodes;

namespace ShareRpc.Tests.Sources.Codex;

/// <summary>Counts what a session's files hold, from all lines at once: nothing in common with the adapter.</summary>
internal sealed class SimpleCodexReader
{
    private readonly List<List<JsonNode>> read = [];
    private readonly List<JsonNode> lines;

    public SimpleCodexReader(string codexHome, string session)
    {
        List<List<JsonNode>> files = [.. Directory
            .EnumerateFiles(codexHome, "rollout-*.jsonl", SearchOption.AllDirectories)
            .Select(path => File.ReadLines(path).Select(line => JsonNode.Parse(line)!).ToList())];
        Add(files, session);
        lines = [.. read.SelectMany(file => file)];
    }

    public int Replies => read.Sum(RepliesIn);

    public int UserMessages => Items("UserMessage").Count() + Events("user_message").Count();

    public int AgentTexts => Items("AgentMessage").Count() + Events("agent_message").Count();

    public int ToolCalls => Calls.Count();

    public int ToolResults
    {
        get
        {
            HashSet<string> ended = [.. Items("CommandExecution").Select(item => (string)item["id"]!)];
            ended.UnionWith(Responses.Where(item => $"{item["type"]}".EndsWith("_output", StringComparison.Ordinal))
                .Where(item => !$"{item["output"]}".Contains("Process running with", StringComparison.Ordinal))
                .Select(item => (string)item["call_id"]!));
            return Calls.Count(call => ended.Contains((string)call["call_id"]! ?? "")
                || (string?)call["type"] == "web_search_call");
        }
    }

    public long Tokens
    {
        get
        {
            long records = lines.Where(line => (string?)line["type"] == "token_usage_record")
                .Sum(line => (long)line["payload"]!["usage"]!["total_tokens"]!);
            if (records > 0) return records;
            return Events("token_count").Where(payload => payload["info"] is not null)
                .DistinctBy(payload => (long)payload["info"]!["total_token_usage"]!["total_tokens"]!)
                .Sum(payload => (long)payload["info"]!["last_token_usage"]!["total_tokens"]!);
        }
    }

    private IEnumerable<JsonNode> Responses => lines.Where(line => (string?)line["type"] == "response_item")
        .Select(line => line["payload"]!);

    private IEnumerable<JsonNode> Calls => Responses.Where(item =>
        (string?)item["type"] is "function_call" or "custom_tool_call" or "tool_search_call" or "web_search_call");

    /// <summary>A reply begins after a question or another reply, and ends with what says its tokens.</summary>
    private static int RepliesIn(List<JsonNode> file)
    {
        bool hasRecords = file.Exists(line => (string?)line["type"] == "token_usage_record");
        (int replies, bool isOpen, bool isAnswered, long total) = (0, false, false, 0);
        foreach (JsonNode line in file)
        {
            JsonNode payload = line["payload"]!;
            string what = $"{line["type"]} {payload["type"]} {payload["item"]?["type"]}".TrimEnd();
            bool isSummary = (bool?)line["metadata"]?["compaction_output"] == true;
            long now = (long?)payload["info"]?["total_token_usage"]?["total_tokens"] ?? total;
            bool isSpent = hasRecords ? what == "token_usage_record" : now != total;
            total = now;
            bool isSaid = isSummary || what is "event_msg item_completed AgentMessage" or "event_msg agent_message"
                or "event_msg item_completed Reasoning" or "event_msg agent_reasoning"
                || what.EndsWith("_call", StringComparison.Ordinal);
            bool isFailure = what == "event_msg task_complete" && payload["error"] is not null && !isAnswered;
            if (isSummary || what is "event_msg task_started" or "event_msg task_complete" or "event_msg user_message"
                or "event_msg item_completed UserMessage") isOpen = false;
            if (what is "event_msg user_message" or "event_msg item_completed UserMessage") isAnswered = false;
            if (!isOpen && (isSaid || isSpent || isFailure)) replies++;
            isAnswered |= isSaid || isSpent;
            isOpen = !isSpent && !isFailure && (isOpen || isSaid);
        }

        return replies;
    }

    private void Add(List<List<JsonNode>> files, string thread, long? end = null)
    {
        foreach (List<JsonNode> file in files)
        {
            JsonNode meta = file[0]["payload"]!;
            bool isChild = (string?)meta["parent_thread_id"] == thread && end is null;
            if (isChild) read.Add(file);
            if ((string?)meta["id"] != thread) continue;
            read.Add([.. file.Where(line => end is null || (long)line["ordinal"]! < end)]);
            if (meta["history_base"] is { } under && (string)under["thread_id"]! != thread)
                Add(files, (string)under["thread_id"]!, (long)under["end_ordinal_exclusive"]!);
        }
    }

    private IEnumerable<JsonNode> Events(string type) => lines.Where(line => (string?)line["type"] == "event_msg")
        .Select(line => line["payload"]!).Where(payload => (string?)payload["type"] == type);

    private IEnumerable<JsonNode> Items(string type) => Events("item_completed").Select(payload => payload["item"]!)
        .Where(item => (string?)item["type"] == type);
}
