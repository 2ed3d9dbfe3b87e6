using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ShareRpc.EndToEndTests.Agents;

/// <summary>
/// A model on this machine that plays a script by the APIs that Claude Code, Codex and Gemini CLI speak: each request
/// of a user has a list of replies, one a step of the turn.
/// </summary>
internal sealed class AgentModel : IAsyncDisposable
{
    private readonly WebApplication app;
    // How each agent asks its model to sum up what was said.
    private static readonly string[] AskForSummary =
        ["create a detailed summary", "CONTEXT CHECKPOINT COMPACTION", "state_snapshot"];

    private readonly Dictionary<string, AgentReply[]> script;
    private readonly AgentReply? summary;
    private int calls;

    private AgentModel(WebApplication app, Dictionary<string, AgentReply[]> script, AgentReply? summary)
    {
        this.app = app;
        this.script = script;
        this.summary = summary;
    }

    public string Address => app.Urls.First();

    /// <summary>Starts a model.</summary>
    /// <param name="script">The replies by a text that the user's request has.</param>
    /// <param name="summary">The reply to an agent that asks for a summary; null: none does.</param>
    public static async Task<AgentModel> StartAsync(
        Dictionary<string, AgentReply[]> script, AgentReply? summary = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        var model = new AgentModel(app, script, summary);
        app.MapPost("/v1/messages", model.AnswerAsync);
        app.MapPost("/v1/messages/count_tokens", () => new { input_tokens = 100 });
        app.MapPost("/v1/responses", model.RespondAsync);
        app.MapPost("/{version}/models/{call}", model.GenerateAsync);
        await app.StartAsync();
        return model;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        JsonNode request = (await JsonNode.ParseAsync(context.Request.Body))!;
        JsonNode[] messages = [.. request["messages"]!.AsArray().OfType<JsonNode>()];
        int asked = Array.FindLastIndex(messages, item => (string?)item["role"] == "user" && Replies(item) is not null);
        int steps = messages[(asked + 1)..].Count(item => (string?)item["role"] == "assistant");
        bool isSide = request["tools"] is not JsonArray { Count: > 0 };
        AgentReply[]? replies = asked < 0 ? null : Replies(messages[asked]);
        AgentReply reply = SummaryFor(messages[^1])
            ?? (isSide ? new AgentReply("{\"title\":\"A session\"}", null) : Step(replies, steps));
        int call = Interlocked.Increment(ref calls);
        if ((bool?)request["stream"] != true)
        {
            await context.Response.WriteAsJsonAsync(MessagesApi.Whole(reply, call));
            return;
        }

        context.Response.ContentType = "text/event-stream";
        foreach (JsonObject data in MessagesApi.Events(reply, call)) await SendAsync(context, data);
    }

    private async Task RespondAsync(HttpContext context)
    {
        JsonNode request = (await JsonNode.ParseAsync(context.Request.Body))!;
        JsonNode[] input = [.. request["input"]!.AsArray().OfType<JsonNode>()];
        int asked = Array.FindLastIndex(input, item =>
            ((string?)item["role"] == "user" || (string?)item["type"] == "agent_message") && Replies(item) is not null);
        bool[] own = [.. input[(asked + 1)..].Select(item => (string?)item["role"] == "assistant"
            || $"{item["type"]}" is "reasoning" or "function_call")];
        int steps = own.Where((isOwn, at) => isOwn && (at == 0 || !own[at - 1])).Count();
        AgentReply reply = SummaryFor(input.Last(item => (string?)item["role"] is not "developer"))
            ?? Step(asked < 0 ? null : Replies(input[asked]), steps);
        int call = Interlocked.Increment(ref calls);
        JsonObject[] output = [.. Items(reply, call)];
        context.Response.ContentType = "text/event-stream";
        var response = new JsonObject { ["id"] = $"resp_{call}", ["object"] = "response", ["status"] = "in_progress" };
        await SendAsync(context, new JsonObject { ["type"] = "response.created", ["response"] = response });
        foreach ((int index, JsonObject item) in output.Index())
        {
            await SendAsync(context, new JsonObject
            {
                ["type"] = "response.output_item.done", ["output_index"] = index, ["item"] = item,
            });
        }

        var usage = new JsonObject { ["input_tokens"] = 100, ["output_tokens"] = 10, ["total_tokens"] = 110 };
        await SendAsync(context, new JsonObject
        {
            ["type"] = "response.completed",
            ["response"] = new JsonObject { ["id"] = $"resp_{call}", ["status"] = "completed", ["usage"] = usage },
        });
    }

    private async Task GenerateAsync(HttpContext context, string call)
    {
        JsonNode request = (await JsonNode.ParseAsync(context.Request.Body))!;
        if (call.EndsWith(":countTokens", StringComparison.Ordinal))
        {
            await context.Response.WriteAsJsonAsync(new JsonObject { ["totalTokens"] = 100 });
            return;
        }

        JsonNode[] contents = [.. request["contents"]!.AsArray().OfType<JsonNode>()];
        int asked = Array.FindLastIndex(contents, item => (string?)item["role"] == "user" && Replies(item) is not null);
        int steps = contents[(asked + 1)..].Count(item => (string?)item["role"] == "model");
        bool isSide = request["tools"] is not JsonArray { Count: > 0 };
        AgentReply[]? replies = asked < 0 ? null : Replies(contents[asked]);
        AgentReply reply = (isSide && request["systemInstruction"] is { } told ? SummaryFor(told) : null)
            ?? (isSide ? new AgentReply("{}", null) : Step(replies, steps));
        JsonObject body = Candidate(reply, Interlocked.Increment(ref calls));
        if (!call.EndsWith(":streamGenerateContent", StringComparison.Ordinal))
        {
            await context.Response.WriteAsJsonAsync(body);
            return;
        }

        context.Response.ContentType = "text/event-stream";
        await SendAsync(context, body);
    }

    private AgentReply? SummaryFor(JsonNode message)
    {
        string said = message.ToJsonString();
        return Array.Exists(AskForSummary, ask => said.Contains(ask, StringComparison.Ordinal)) ? summary : null;
    }

    private AgentReply[]? Replies(JsonNode message)
    {
        string said = message.ToJsonString();
        return script.FirstOrDefault(entry => said.Contains(entry.Key, StringComparison.Ordinal)).Value;
    }

    private static AgentReply Step(AgentReply[]? replies, int steps) =>
        replies is null ? new AgentReply("Not in the script.", null) : replies[Math.Min(steps, replies.Length - 1)];

    private static IEnumerable<JsonObject> Items(AgentReply reply, int call)
    {
        if (reply.Thought is not null)
        {
            yield return new JsonObject
            {
                ["type"] = "reasoning", ["id"] = $"rs_{call}", ["encrypted_content"] = "",
                ["summary"] = new JsonArray(new JsonObject { ["type"] = "summary_text", ["text"] = reply.Thought }),
            };
        }

        if (reply.Text is not null)
        {
            var text = new JsonObject
            {
                ["type"] = "output_text", ["text"] = reply.Text, ["annotations"] = new JsonArray(),
            };
            yield return new JsonObject
            {
                ["type"] = "message", ["id"] = $"msg_{call}", ["role"] = "assistant", ["content"] = new JsonArray(text),
            };
        }

        foreach ((int index, AgentCall tool) in reply.Calls.Index())
        {
            var item = new JsonObject
            {
                ["type"] = "function_call", ["id"] = $"fc_{call}_{index}", ["call_id"] = $"call_{call}_{index}",
                ["name"] = tool.Name, ["arguments"] = tool.Arguments.ToJsonString(),
            };
            if (tool.Namespace is not null) item["namespace"] = tool.Namespace;
            yield return item;
        }
    }

    private static JsonObject Candidate(AgentReply reply, int call)
    {
        var parts = new JsonArray();
        if (reply.Thought is not null) parts.Add(new JsonObject { ["text"] = reply.Thought, ["thought"] = true });
        if (reply.Text is not null) parts.Add(new JsonObject { ["text"] = reply.Text });
        foreach ((int index, AgentCall tool) in reply.Calls.Index())
        {
            parts.Add(new JsonObject
            {
                ["functionCall"] = new JsonObject
                {
                    ["id"] = $"call_{call}_{index}", ["name"] = tool.Name, ["args"] = tool.Arguments.DeepClone(),
                },
            });
        }

        var content = new JsonObject { ["role"] = "model", ["parts"] = parts };
        return new JsonObject
        {
            ["candidates"] = new JsonArray(new JsonObject
            {
                ["content"] = content, ["index"] = 0, ["finishReason"] = "STOP",
            }),
            ["usageMetadata"] = new JsonObject
            {
                ["promptTokenCount"] = 100, ["candidatesTokenCount"] = 10, ["totalTokenCount"] = 110,
            },
        };
    }

    private static async Task SendAsync(HttpContext context, JsonObject data)
    {
        string name = data["type"] is { } type ? $"event: {type}\n" : "";
        await context.Response.WriteAsync($"{name}data: {data.ToJsonString()}\n\n");
        await context.Response.Body.FlushAsync();
    }
}
