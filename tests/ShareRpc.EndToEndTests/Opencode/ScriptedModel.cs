using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ShareRpc.EndToEndTests.Opencode;

/// <summary>
/// An OpenAI-compatible model on this machine that plays a script: each request of a user has a list of replies, one a
/// step of the turn.
/// </summary>
internal sealed class ScriptedModel : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly Dictionary<string, ScriptedReply[]> script;
    private readonly TaskCompletionSource stalled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource stopping = new();
    private int calls;

    private ScriptedModel(WebApplication app, Dictionary<string, ScriptedReply[]> script)
    {
        this.app = app;
        this.script = script;
    }

    /// <summary>Ends when a reply has stopped in the middle of its stream.</summary>
    public Task Stalled => stalled.Task;

    public string Address => $"{app.Urls.First()}/v1";

    public static async Task<ScriptedModel> StartAsync(Dictionary<string, ScriptedReply[]> script)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        var model = new ScriptedModel(app, script);
        app.MapPost("/v1/chat/completions", model.AnswerAsync);
        await app.StartAsync();
        return model;
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await app.DisposeAsync();
        stopping.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        JsonObject request =
            (await JsonNode.ParseAsync(context.Request.Body, cancellationToken: stopping.Token))!.AsObject();
        ScriptedReply reply = Choose(request);
        int call = Interlocked.Increment(ref calls);
        context.Response.ContentType = "text/event-stream";
        await SendAsync(context, call, new JsonObject { ["role"] = "assistant", ["content"] = reply.Text });
        if (reply.Stalls)
        {
            stalled.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stopping.Token).ContinueWith(
                _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            context.Abort();
            return;
        }

        if (reply.Tools.Count > 0)
            await SendAsync(context, call, new JsonObject { ["tool_calls"] = Calls(reply.Tools, call) });
        await SendAsync(context, call, [], reply.Tools.Count > 0 ? "tool_calls" : "stop");
        await context.Response.WriteAsync("data: [DONE]\n\n");
    }

    /// <summary>
    /// By what the user said last, and how many results of tools have come in since. Titles are asked for without
    /// tools.
    /// </summary>
    private ScriptedReply Choose(JsonObject request)
    {
        if (request["tools"] is not JsonArray { Count: > 0 }) return new ScriptedReply("A scripted session");
        JsonNode[] messages = [.. request["messages"]!.AsArray()!];
        int last = Array.FindLastIndex(messages, message => (string)message["role"]! == "user");
        int steps = messages[last..].Count(message => (string)message["role"]! == "assistant");
        string said = messages[last]["content"]!.ToJsonString();
        ScriptedReply[] replies = script.First(entry => said.Contains(entry.Key, StringComparison.Ordinal)).Value;
        return replies[Math.Min(steps, replies.Length - 1)];
    }

    private static JsonArray Calls(IReadOnlyList<ScriptedCall> tools, int call) =>
    [
        .. tools.Select((tool, index) => (JsonNode)new JsonObject
        {
            ["index"] = index, ["id"] = $"call_{call}_{index}", ["type"] = "function",
            ["function"] = new JsonObject { ["name"] = tool.Name, ["arguments"] = tool.Arguments.ToJsonString() },
        }),
    ];

    private static async Task SendAsync(HttpContext context, int call, JsonObject delta, string? end = null)
    {
        var chunk = new JsonObject
        {
            ["id"] = $"chatcmpl-{call}", ["object"] = "chat.completion.chunk", ["created"] = 1, ["model"] = "scripted",
            ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = end }),
        };
        await context.Response.WriteAsync($"data: {chunk.ToJsonString()}\n\n");
        await context.Response.Body.FlushAsync();
    }
}
