using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Protocol.Wire;

/// <summary>Plays the steps of an rpc vector; what each kind of step means is in protocol/vectors/README.md.</summary>
internal sealed class RpcScenario(WireWorld world, Vector vector, CancellationToken timeout)
{
    private static readonly string[] Expectations = ["result", "error", "cancelled"];

    public async Task RunAsync()
    {
        int number = 0;
        foreach (JsonElement step in vector.Input.GetProperty("steps").EnumerateArray())
            await RunAsync(step, $"step {++number}");
    }

    private async Task RunAsync(JsonElement step, string at)
    {
        if (step.TryGetProperty("connect", out JsonElement connect)) await ConnectAsync(connect, step);
        else if (step.TryGetProperty("http", out _)) await GetAsync(step);
        else if (step.TryGetProperty("drop", out _)) world.Drop(NameOf(step));
        else if (step.TryGetProperty("open", out JsonElement opened)) await OpenAsync(step, opened.GetString()!);
        else if (step.TryGetProperty("repeat", out JsonElement times)) await RepeatAsync(step, times.GetInt32(), at);
        else await TalkAsync(step, at);
    }

    private async Task RepeatAsync(JsonElement step, int times, string at)
    {
        await RunAsync(step.GetProperty("first"), at);
        for (int i = 0; i < times; i++) await RunAsync(step.GetProperty("step"), $"{at}, time {i + 1}");
    }

    private async Task ConnectAsync(JsonElement connect, JsonElement step)
    {
        string[]? subprotocols = connect.TryGetProperty("subprotocols", out JsonElement list)
            ? [.. list.EnumerateArray().Select(subprotocol => subprotocol.GetString()!)]
            : null;
        string? origin = connect.TryGetProperty("origin", out JsonElement given)
            ? world.Resolve(given.GetString()!) : null;
        int status = 101;
        try
        {
            using WireConnection connection =
                await WireConnection.ConnectAsync(
                    world.Server, timeout, subprotocols, origin, connect.TryGetProperty("extensions", out _));
            if (step.TryGetProperty("extension", out JsonElement extension))
                Assert.Equal(extension.GetString(), connection.Extensions);
            if (step.TryGetProperty("selected", out JsonElement selected))
                Assert.Equal(selected.GetString(), connection.Selected);
        }
        catch (WireRefusedException refusal)
        {
            status = refusal.Status;
        }

        Assert.Equal(step.GetProperty("status").GetInt32(), status);
    }

    private async Task GetAsync(JsonElement step)
    {
        using var http = new HttpClient();
        using HttpResponseMessage response =
            await http.GetAsync(new Uri(world.Server, step.GetProperty("path").GetString()), timeout);
        Assert.Equal(step.GetProperty("status").GetInt32(), (int)response.StatusCode);
    }

    private async Task OpenAsync(JsonElement step, string name)
    {
        string more = step.TryGetProperty("writer", out JsonElement writer)
            ? $$""","writer_id":"{writer:{{writer.GetString()}}}" """ : "";
        if (step.TryGetProperty("append", out JsonElement append)) more += $",\"append\":{Generator.Expand(append)}";
        WireHandle handle = await world.RedeemAsync(NameOf(step), name, more);
        world.Save(step.GetProperty("as").GetString()!, handle.Number.ToString(CultureInfo.InvariantCulture));
    }

    private async Task TalkAsync(JsonElement step, string at)
    {
        WireConnection connection = await world.ConnectAsync(NameOf(step));
        if (step.TryGetProperty("page", out JsonElement page))
        {
            await CheckPageAsync(connection, step, page, at);
            return;
        }

        string? id = await SayAsync(connection, step);
        if (step.TryGetProperty("closed", out JsonElement closed))
        {
            await AssertClosedAsync(connection, closed.GetInt32(), mayDrop: step.TryGetProperty("or_dropped", out _));
            world.Drop(NameOf(step));
        }
        else if (id is not null && Expectations.Any(name => step.TryGetProperty(name, out _)))
        {
            Check(step, await connection.ReceiveAsync(id), at);
        }
    }

    private async Task CheckPageAsync(WireConnection connection, JsonElement step, JsonElement expected, string at)
    {
        if (expected.ValueKind == JsonValueKind.Null)
        {
            Assert.True(connection.Pages == 0, $"{at}: a page has come.");
            return;
        }

        JsonElement page = await connection.ReceivePageAsync();
        RpcPattern.Match(expected, page, at, world);
        if (step.TryGetProperty("without", out JsonElement leak))
            Assert.DoesNotContain(leak.GetString()!, page.GetRawText());
    }

    private static async Task AssertClosedAsync(WireConnection connection, int code, bool mayDrop)
    {
        try
        {
            Assert.Equal(code, await connection.ReceiveCloseAsync());
        }
        catch (WebSocketException) when (mayDrop)
        {
            // Both sides may give up the stream at once, and then the close frame is lost.
        }
    }

    /// <summary>Sends what the step says; the id to wait for, if any.</summary>
    private async Task<string?> SayAsync(WireConnection connection, JsonElement step)
    {
        if (step.TryGetProperty("await", out JsonElement awaited)) return awaited.GetRawText();
        if (step.TryGetProperty("call", out JsonElement call))
            return await CallAsync(connection, step, call.GetString()!);
        if (step.TryGetProperty("send", out JsonElement message))
            await connection.SendTextAsync(world.Resolve(Generator.Expand(message)));
        else if (step.TryGetProperty("text", out JsonElement text)) await connection.SendTextAsync(text.GetString()!);
        else if (step.TryGetProperty("text_hex", out JsonElement odd)) await SendAsync(odd, WebSocketMessageType.Text);
        else if (step.TryGetProperty("binary", out JsonElement binary))
            await SendAsync(binary, WebSocketMessageType.Binary);
        else return await PadAsync(connection, step.GetProperty("message_of").GetInt32());
        return null;

        Task SendAsync(JsonElement hex, WebSocketMessageType type) =>
            connection.SendAsync(Convert.FromHexString(hex.GetString()!), type);
    }

    private async Task<string> CallAsync(WireConnection connection, JsonElement step, string method)
    {
        string? parameters = step.TryGetProperty("params", out JsonElement given)
            ? world.Resolve(Generator.Expand(given)) : null;
        int dot = method.IndexOf('.', StringComparison.Ordinal);
        bool isOnHandle = dot > 0 && world.IsSaved(method[..dot]);
        string path = isOnHandle ? $"$/invokeProxy/{{var:{method[..dot]}}}/{method[(dot + 1)..]}" : method;
        if (!step.TryGetProperty("id", out JsonElement id))
            return await connection.RequestAsync(world.Resolve(path), parameters);
        string name = JsonSerializer.Serialize(world.Resolve(path));
        await connection.SendTextAsync(
            $$"""{"jsonrpc":"2.0","id":{{id.GetRawText()}},"method":{{name}},"params":{{parameters ?? "{}"}}}""");
        return id.GetRawText();
    }

    private static async Task<string> PadAsync(WireConnection connection, int bytes)
    {
        var message = new StringBuilder("""{"jsonrpc":"2.0","id":"pad","method":"nothing","pad":""", bytes).Append('"');
        message.Append('a', bytes - message.Length - 2).Append("\"}");
        await connection.SendTextAsync(message.ToString());
        return "\"pad\"";
    }

    private void Check(JsonElement step, JsonElement response, string at)
    {
        at = $"{at} {response.GetRawText()[..Math.Min(response.GetRawText().Length, 2000)]}\n";
        Assert.Equal("2.0", response.GetProperty("jsonrpc").GetString());
        string text = response.GetRawText();
        if (step.TryGetProperty("contains", out JsonElement part))
            Assert.Contains(world.Resolve(part.GetString()!), text);
        if (step.TryGetProperty("without", out JsonElement leak)) Assert.DoesNotContain(leak.GetString()!, text);
        bool failed = response.TryGetProperty("error", out JsonElement error);
        if (step.TryGetProperty("cancelled", out _))
        {
            Assert.Equal(-32800, error.GetProperty("code").GetInt32());
        }
        else if (step.TryGetProperty("error", out JsonElement expected))
        {
            Assert.True(failed, at);
            WireErrors.AssertShape(error);
            RpcPattern.Match(expected, error.GetProperty("data"), at, world);
        }
        else
        {
            Assert.True(response.TryGetProperty("result", out JsonElement result), at);
            RpcPattern.Match(step.GetProperty("result"), result, at, world);
        }
    }

    private static string NameOf(JsonElement step) =>
        step.TryGetProperty("on", out JsonElement name) ? name.GetString()! : "main";
}
