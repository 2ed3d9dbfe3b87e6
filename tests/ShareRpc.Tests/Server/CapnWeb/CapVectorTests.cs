using System.Text.Json;
using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Server.CapnWeb;

/// <summary>
/// protocol/neighbours/capnweb-vectors.json, which tests/web/capnweb/record.mjs recorded from the npm package: values
/// come back as they were, and sessions are answered as they were then.
/// </summary>
public sealed class CapVectorTests : IAsyncLifetime
{
    private static readonly JsonElement Vectors = JsonDocument.Parse(File.ReadAllText(
        RepositoryRoot.Path("protocol", "neighbours", "capnweb-vectors.json"))).RootElement;

    private LiveServer live = null!;

    public static TheoryData<string> Sessions => NamesOf("sessions");

    public static TheoryData<string> Values => NamesOf("values");

    public async Task InitializeAsync() => live = await LiveServer.StartAsync();

    public async Task DisposeAsync() => await live.DisposeAsync();

    [Theory]
    [MemberData(nameof(Values))]
    public async Task A_value_comes_back(string name)
    {
        using CapWire wire = await CapWire.ConnectAsync(live);
        string expression = Find("values", name).GetProperty("wire").GetString()!;
        using JsonDocument written = JsonDocument.Parse(expression);
        AssertHas(written.RootElement, await wire.ValueAsync(await wire.PushAsync(expression)));
    }

    [Theory]
    [MemberData(nameof(Sessions))]
    public async Task A_session_is_answered(string name)
    {
        JsonElement session = Find("sessions", name);
        string key = live.RootToken.Reveal();
        using CapWire maker = await CapWire.ConnectAsync(live, "/rpc/share", key);
        JsonElement made = await maker.ValueAsync(await maker.CallAsync(0, "createShare", "\"ses\""));
        string url = made.GetProperty("url").GetString()!;
        using CapWire wire = await CapWire.ConnectAsync(live, session.GetProperty("path").GetString()!, key);
        foreach (JsonElement message in session.GetProperty("messages").EnumerateArray())
        {
            if (message.TryGetProperty("send", out JsonElement sent))
            {
                await wire.SendAsync(JsonSerializer.Serialize(sent)
                    .Replace("{append}", made.GetProperty("secret").GetString(), StringComparison.Ordinal)
                    .Replace("{read}", url[(url.LastIndexOf('/') + 1)..], StringComparison.Ordinal)
                    .Replace("{share}", made.GetProperty("id").GetString(), StringComparison.Ordinal));
            }
            else AssertHas(message.GetProperty("receive"), await wire.ReceiveAsync());
        }
    }

    private static TheoryData<string> NamesOf(string kind) =>
        [.. Vectors.GetProperty(kind).EnumerateArray().Select(vector => vector.GetProperty("name").GetString()!)];

    private static JsonElement Find(string kind, string name) => Vectors.GetProperty(kind).EnumerateArray()
        .Single(vector => vector.GetProperty("name").GetString() == name);

    /// <summary>Members of objects may be more than those that are expected; null stands for any value.</summary>
    private static void AssertHas(JsonElement expected, JsonElement actual)
    {
        if (expected.ValueKind == JsonValueKind.Null) return;
        Assert.Equal(expected.ValueKind, actual.ValueKind);
        if (expected.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty member in expected.EnumerateObject())
                AssertHas(member.Value, actual.GetProperty(member.Name));
        }
        else if (expected.ValueKind == JsonValueKind.Array)
        {
            Assert.Equal(expected.GetArrayLength(), actual.GetArrayLength());
            for (int i = 0; i < expected.GetArrayLength(); i++) AssertHas(expected[i], actual[i]);
        }
        else Assert.True(JsonElement.DeepEquals(expected, actual), $"{expected} became {actual}");
    }
}
