using System.Text.Json;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Tests.Protocol.Wire;
using ShareRpc.Tests.Server.Http;

namespace ShareRpc.Tests.Server.Access.Redaction;

/// <summary>Random documents and ops, read by readers with every kind of narrowing, by every way out.</summary>
public sealed class RedactionPropertyTests
{
    private const int Ops = 60;
    private const int Seeds = 12;

    /// <summary>The first is the one that must see no canary.</summary>
    private static readonly string[] Narrowings =
    [
        """{"redact":["tools","reasoning","files"]}""", """{"redact":["tools"]}""", """{"redact":["reasoning"]}""",
        """{"readable":{"part":["id","text","type"],"message":true,"custom":["zz"],"todo":["content"]}}""",
        """{"redact":["files"],"readable":{"part":["id","text"],"todo":true}}""", """{"no_comments":true}""",
        """{"readable":{"part":true,"message":true,"session_diff":true,"comment":["text"]}}""",
    ];

    [Fact(Timeout = 600_000)]
    public async Task Following_and_the_state_agree_at_every_cursor_and_no_canary_leaves_by_any_way()
    {
        await using LiveServer live = await LiveServer.StartAsync(serverLimits: ServerLimits.Default with
        {
            RingOps = 20, FoldOps = 5, FoldInterval = TimeSpan.FromMilliseconds(20),
        });
        WireConnection connection = await live.ConnectAsync();
        for (int seed = 1; seed <= Seeds; seed++) await RunAsync(live, connection, seed);
    }

    private static async Task RunAsync(LiveServer live, WireConnection connection, int seed)
    {
        ShareToken owner = await live.CreateShareAsync();
        WireHandle handle = await live.RedeemShareAsync(owner, connection);
        var readers = new List<(ShareToken Token, WireHandle Handle, FollowedState State, List<string> Ops)>();
        foreach (string caveats in Narrowings)
        {
            ShareToken token = ShareToken.New(RandomId.New());
            await handle.ResultAsync(
                "attenuate",
                $$"""
                {"cap_id":"{{token.CapId}}","token_digest":"{{token.Digest}}","rights":["read"],
                 "caveats":{{caveats}}}
                """);
            readers.Add((token, await live.RedeemShareAsync(token, connection), new FollowedState(), []));
        }

        var session = new RandomSession(seed);
        var sent = new List<string>();
        long cursor = 0;
        for (int i = 0; i < Ops; i++)
        {
            sent.Add(session.NextOp());
            JsonElement ack = await handle.ResultAsync("appendOps", $$"""{"batch_id":"b","ops":[{{sent[^1]}}]}""");
            Assert.True(ack.GetProperty("applied").GetArrayLength() == 1, $"{sent[^1]}: {ack}");
            (long before, cursor) = (cursor, ack.GetProperty("cursor").GetInt64());
            foreach ((_, WireHandle reader, FollowedState state, List<string> ops) in readers)
            {
                JsonElement page = await reader.ResultAsync("readOps", $$"""{"after":{{before}}}""");
                Assert.Equal(cursor - before, page.GetProperty("ops").GetArrayLength());
                foreach (JsonElement shown in page.GetProperty("ops").EnumerateArray())
                {
                    ops.Add(shown.GetRawText());
                    state.Apply(shown.Deserialize<LoggedOp>(ProtocolJson.Options)!);
                }

                JsonElement docs = (await reader.ResultAsync("getState", "{}")).GetProperty("docs");
                Assert.True(
                    state.Lines().SequenceEqual(docs.EnumerateArray().Select(FollowedState.LineOf)),
                    $"seed {seed}, cursor {cursor}, after\n{string.Join('\n', sent)}\nthe one who follows has\n"
                    + $"{string.Join('\n', state.Lines())}\nand the state is\n{docs}");
                Assert.Empty(Dangling(docs));
            }
        }

        await ComeLaterAsync(live, seed, sent,
            [.. readers.Select(reader => (reader.Token, reader.Handle, reader.Ops))]);
    }

    /// <summary>Comments that are shown on documents that are not.</summary>
    private static IEnumerable<string> Dangling(JsonElement docs)
    {
        HashSet<string> shown = [.. docs.EnumerateArray().Select(doc =>
            $"{doc.GetProperty("kind").GetString()}/{doc.GetProperty("key").GetString()}")];
        return shown.Where(name => name.StartsWith("comment/", StringComparison.Ordinal))
            .Where(name => !shown.Contains(name["comment/".Length..name.LastIndexOf('/')]));
    }

    /// <summary>Who comes later is given the same, from the store and over HTTP.</summary>
    private static async Task ComeLaterAsync(
        LiveServer live, int seed, List<string> sent,
        List<(ShareToken Token, WireHandle Handle, List<string> Ops)> readers)
    {
        foreach ((ShareToken token, WireHandle reader, List<string> ops) in readers)
        {
            string shareId = reader.Redemption.GetProperty("share_id").GetString()!;
            JsonElement page = await reader.ResultAsync("readOps", "{}");
            Assert.Equal(ops, page.GetProperty("ops").EnumerateArray().Select(op => op.GetRawText()));
            using var share = new ShareOverHttp(live.Server.Address, shareId, token, live.Timeout);
            JsonElement overHttp = await share.JsonAsync(share.OpsAsync());
            Assert.Equal(ops, overHttp.GetProperty("ops").EnumerateArray().Select(op => op.GetRawText()));
            JsonElement state = await share.JsonAsync(share.StateAsync());
            string data = await share.Http.GetStringAsync(
                new Uri($"/api/share/{token.Reveal()}/data", UriKind.Relative), live.Timeout);
            if (token != readers[0].Token) continue;
            foreach (string answer in new[] { string.Join('\n', ops), state.GetRawText(), data })
            {
                bool isClean = !answer.Contains(RandomSession.Canary, StringComparison.Ordinal)
                    && !answer.Contains(RandomSession.CanaryNumber, StringComparison.Ordinal);
                Assert.True(isClean, $"seed {seed}\n{string.Join('\n', sent)}\ngave\n{answer}");
            }
        }
    }
}
