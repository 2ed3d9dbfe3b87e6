using System.Text.Json.Nodes;

namespace ShareRpc.EndToEndTests.Agents;

/// <summary>A reply as the Messages API of Claude Code's model gives it, whole or as a stream of events.</summary>
internal static class MessagesApi
{
    public static JsonObject Whole(AgentReply reply, int call)
    {
        JsonObject message = Message(reply, call);
        message["content"] = new JsonArray([.. Blocks(reply, call)]);
        message["stop_reason"] = StopReason(reply);
        return message;
    }

    public static IEnumerable<JsonObject> Events(AgentReply reply, int call)
    {
        yield return new JsonObject { ["type"] = "message_start", ["message"] = Message(reply, call) };
        foreach ((int index, JsonObject block) in Blocks(reply, call).Index())
        {
            JsonObject start = block.DeepClone().AsObject();
            var delta = new JsonObject();
            switch ((string)block["type"]!)
            {
                case "text":
                    start["text"] = "";
                    delta["type"] = "text_delta";
                    delta["text"] = (string)block["text"]!;
                    break;
                case "thinking":
                    start["thinking"] = "";
                    delta["type"] = "thinking_delta";
                    delta["thinking"] = (string)block["thinking"]!;
                    break;
                default:
                    start["input"] = new JsonObject();
                    delta["type"] = "input_json_delta";
                    delta["partial_json"] = block["input"]!.ToJsonString();
                    break;
            }

            yield return Event("content_block_start", index, "content_block", start);
            yield return Event("content_block_delta", index, "delta", delta);
            if ((string)block["type"]! == "thinking")
            {
                var signature = new JsonObject { ["type"] = "signature_delta", ["signature"] = "c2lnbmF0dXJl" };
                yield return Event("content_block_delta", index, "delta", signature);
            }

            yield return new JsonObject { ["type"] = "content_block_stop", ["index"] = index };
        }

        yield return new JsonObject
        {
            ["type"] = "message_delta", ["delta"] = new JsonObject { ["stop_reason"] = StopReason(reply) },
            ["usage"] = new JsonObject { ["output_tokens"] = 10 },
        };
        yield return new JsonObject { ["type"] = "message_stop" };
    }

    private static JsonObject Event(string type, int index, string name, JsonObject value) =>
        new() { ["type"] = type, ["index"] = index, [name] = value };

    private static string StopReason(AgentReply reply) => reply.Calls.Count > 0 ? "tool_use" : "end_turn";

    private static JsonObject Message(AgentReply reply, int call) => new()
    {
        ["id"] = $"msg_{call:D5}", ["type"] = "message", ["role"] = "assistant", ["model"] = "claude-sonnet-4-6",
        ["content"] = new JsonArray(), ["stop_reason"] = null, ["stop_sequence"] = null,
        ["usage"] = new JsonObject { ["input_tokens"] = 100, ["output_tokens"] = reply.Text is null ? 5 : 10 },
    };

    private static IEnumerable<JsonObject> Blocks(AgentReply reply, int call)
    {
        if (reply.Thought is not null)
        {
            yield return new JsonObject
            {
                ["type"] = "thinking", ["thinking"] = reply.Thought, ["signature"] = "c2lnbmF0dXJl",
            };
        }

        if (reply.Text is not null) yield return new JsonObject { ["type"] = "text", ["text"] = reply.Text };
        foreach ((int index, AgentCall tool) in reply.Calls.Index())
        {
            yield return new JsonObject
            {
                ["type"] = "tool_use", ["id"] = $"toolu_{call:D4}_{index}", ["name"] = tool.Name,
                ["input"] = tool.Arguments.DeepClone(),
            };
        }
    }
}
