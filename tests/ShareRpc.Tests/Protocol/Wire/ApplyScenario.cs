using System.Text.Json;
using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Protocol.Wire;

/// <summary>
/// Plays the steps of an apply vector: each writer on a connection of its own, answers compared step by step.
/// </summary>
internal sealed class ApplyScenario(WireWorld world, Vector vector)
{
    private const string NoWriter = "-";
    private readonly Dictionary<string, WireHandle> handles = [];

    public async Task RunStepsAsync()
    {
        int number = 0;
        foreach (JsonElement step in vector.Input.GetProperty("steps").EnumerateArray())
        {
            number++;
            if (step.TryGetProperty("do", out JsonElement action)) await ActAsync(action.GetString()!, step);
            else if (step.TryGetProperty("redeem", out JsonElement batches)) await RedeemAsync(step, batches, number);
            else await AppendAsync(step, number);
        }
    }

    /// <summary>The log: cursors 1, 2, 3, ... and the op ids that the vector lists.</summary>
    public async Task AssertLogAsync()
    {
        if (vector.Expect.GetProperty("log").ValueKind == JsonValueKind.Null) return;
        WireHandle reader = await world.RedeemShareAsync("reader", WireWorld.Owner);
        string[] expected = [.. vector.Expect.GetProperty("log").EnumerateArray().Select(op => op.GetString()!)];
        var ops = new List<JsonElement>();
        JsonElement page;
        do
        {
            page = await reader.ResultAsync("readOps", $$"""{"after":{{ops.Count}}}""");
            ops.AddRange(page.GetProperty("ops").EnumerateArray());
        }
        while (page.GetProperty("cursor").GetInt32() < page.GetProperty("head").GetInt32());

        Assert.Equal(expected, ops.Select(op => op.GetProperty("op_id").GetString()!));
        Assert.Equal(Enumerable.Range(1, expected.Length), ops.Select(op => op.GetProperty("cursor").GetInt32()));
        Assert.Equal(expected.Length, page.GetProperty("head").GetInt32());
    }

    public async Task AssertStateAsync()
    {
        if (!vector.Expect.TryGetProperty("state", out JsonElement state)) return;
        WireHandle reader = await world.RedeemShareAsync("state", WireWorld.Owner);
        JsonElement page = await reader.ResultAsync("getState", "{}");
        Assert.Equal(JsonSame.Canonical(world.Resolve(Generator.Expand(state))),
            JsonSame.Canonical(page.GetProperty("docs")));
    }

    private async Task ActAsync(string action, JsonElement step)
    {
        switch (action)
        {
            case "open":
                await HandleAsync(step.GetProperty("by").GetString()!);
                break;
            case "end_share":
                await (await HandleAsync(NoWriter)).ResultAsync("endShare", null);
                break;
            case "revoke":
                string revoked = step.GetProperty("ref").GetString()!;
                await (await HandleAsync(NoWriter)).ResultAsync("revokeCapability",
                    world.Resolve($$"""{"cap_id":"{cap:{{revoked}}}"}"""));
                break;
            case "delete_share":
                await (await world.RedeemRootAsync("setup", WireWorld.Root))
                    .ResultAsync("deleteShare", world.Resolve("""{"share_id":"{share}"}"""));
                break;
            default:
                throw new InvalidDataException($"No such step: {action}.");
        }
    }

    private async Task AppendAsync(JsonElement step, int number)
    {
        WireHandle handle = await HandleAsync(step.GetProperty("by").GetString()!);
        JsonElement response =
            await handle.CallAsync("appendOps", world.Resolve(Generator.Expand(step.GetProperty("batch"))));
        if (step.TryGetProperty("applied_count", out JsonElement count))
        {
            Assert.Equal(count.GetInt32(), response.GetProperty("result").GetProperty("applied").GetArrayLength());
        }
        else if (step.TryGetProperty("ack", out JsonElement ack))
        {
            Assert.True(response.TryGetProperty("result", out JsonElement result),
                $"step {number}: {response.GetRawText()}");
            Assert.Equal(ExpectedAck(ack), ActualAck(result));
        }
        else
        {
            Assert.True(response.TryGetProperty("error", out JsonElement error),
                $"step {number}: {response.GetRawText()}");
            AssertError(step.GetProperty("error"), error.GetProperty("data"));
            WireErrors.AssertShape(error);
        }
    }

    private async Task RedeemAsync(JsonElement step, JsonElement batches, int number)
    {
        string by = step.GetProperty("by").GetString()!;
        world.Drop(by);
        WireHandle handle = handles[by] =
            await OpenAsync(by, $",\"append\":{world.Resolve(Generator.Expand(batches))}");
        JsonElement[] actual = [.. handle.Redemption.GetProperty("acks").EnumerateArray()];
        JsonElement[] expected = [.. step.GetProperty("acks").EnumerateArray()];
        Assert.True(expected.Length == actual.Length,
            $"step {number}: {handle.Redemption.GetProperty("acks").GetRawText()}");
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(batches[i].GetProperty("batch_id").GetString(), actual[i].GetProperty("batch_id").GetString());
            bool isAck = expected[i].TryGetProperty("ack", out JsonElement ack);
            if (isAck) Assert.Equal(ExpectedAck(ack), ActualAck(actual[i].GetProperty("ack")));
            else AssertError(expected[i].GetProperty("error"), actual[i].GetProperty("error"));
        }

        if (!step.TryGetProperty("acked_seq", out JsonElement watermark)) return;
        Assert.Equal(watermark.GetInt64(), handle.Redemption.GetProperty("writer").GetProperty("acked_seq").GetInt64());
    }

    private async Task<WireHandle> HandleAsync(string by) =>
        handles.TryGetValue(by, out WireHandle? open) ? open : handles[by] = await OpenAsync(by, "");

    private Task<WireHandle> OpenAsync(string by, string more)
    {
        string owner = vector.Input.TryGetProperty("writers", out JsonElement writers)
            && writers.TryGetProperty(by, out JsonElement named)
            ? named.GetString()!
            : WireWorld.Owner;
        return world.RedeemShareAsync(by, owner, by == NoWriter
            ? more : $$""","writer_id":"{writer:{{by}}}"{{more}}""");
    }

    private static void AssertError(JsonElement expected, JsonElement data)
    {
        foreach (JsonProperty member in expected.EnumerateObject())
        {
            Assert.True(data.TryGetProperty(member.Name, out JsonElement actual), data.GetRawText());
            Assert.Equal(member.Value.GetRawText(), actual.GetRawText());
        }
    }

    private static string ExpectedAck(JsonElement ack)
    {
        string List(string name) => ack.TryGetProperty(name, out JsonElement list)
            ? string.Join(' ', list.EnumerateArray().Select(
                entry => $"{entry[0].GetString()}={entry[1].GetRawText().Trim('"')}"))
            : "";
        return $"cursor {ack.GetProperty("cursor")}; applied {List("applied")}; duplicates {List("duplicates")}; "
            + $"rejected {List("rejected")}";
    }

    private static string ActualAck(JsonElement ack)
    {
        string List(string name, string value) => string.Join(
            ' ', ack.GetProperty(name).EnumerateArray()
                .Select(entry => $"{entry.GetProperty("op_id").GetString()}={entry.GetProperty(value)}"));
        Assert.All(ack.GetProperty("rejected").EnumerateArray(),
            entry => Assert.NotEmpty(entry.GetProperty("message").GetString()!));
        return $"cursor {ack.GetProperty("cursor")}; applied {List("applied", "cursor")}; duplicates "
            + $"{List("duplicates", "cursor")}; "
            + $"rejected {List("rejected", "code")}";
    }
}
