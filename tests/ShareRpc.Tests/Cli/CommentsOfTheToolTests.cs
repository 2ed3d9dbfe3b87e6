using System.Text.Json;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Sources.Opencode;

namespace ShareRpc.Tests.Cli;

/// <summary>Comments from the side that shares, with the tool, against a real server.</summary>
public sealed class CommentsOfTheToolTests : ToolTest
{
    [Fact]
    public async Task The_owner_lists_answers_resolves_and_removes_what_a_guest_said()
    {
        string path = Files.Sample();
        await LinesAsync(["share", "--once", "--opencode", path, .. ToRoot]);
        JsonElement invited = Assert.Single(await LinesAsync(
            "invite", OpencodeFiles.SampleSession, "--comment", "--presence", "--label", "Ana"));
        Assert.True(ShareLink.TryParse(Text(invited, "link"), out ShareLink? link));
        string message = await SayAsync(link, "What is\u001b[2J this?", "c1a");

        JsonElement listed = Assert.Single(await LinesAsync("comments", OpencodeFiles.SampleSession));
        Assert.Equal(("c1a", message, "Ana"), (Text(listed, "id"), Text(listed.GetProperty("on"), "key"),
            Text(listed.GetProperty("data").GetProperty("author"), "label")));
        Assert.False(listed.GetProperty("is_resolved").GetBoolean());
        Assert.Equal(0, (await RunAsync("comments", "reply", OpencodeFiles.SampleSession, "c1", "A test.")).ExitCode);
        Assert.Equal(0, (await RunAsync("comments", "resolve", OpencodeFiles.SampleSession, "c1a")).ExitCode);
        (_, string shown, _) = await RunAsync("comments", OpencodeFiles.SampleSession);
        Assert.Matches("(?s)message .*, resolved\n  c1a  .*  guest \\w{4} “Ana”: What is.* this\\?\n"
            + "    .*  the owner: A test.\n    .*  the owner: \\(resolved\\)\n", shown);
        Assert.DoesNotContain('\u001b', shown);
        Assert.Empty(await LinesAsync("comments", OpencodeFiles.SampleSession, "--open"));
        (_, string watched, _) = await RunAsync("watch", link.Reveal(), "--once");
        Assert.Matches("❝ comment on message\n    guest [\\w-]{4} “Ana”: What is", watched);

        Assert.Equal(1, (await RunAsync("comments", "rm", OpencodeFiles.SampleSession, "zzz")).ExitCode);
        Assert.Equal(0, (await RunAsync("comments", "rm", OpencodeFiles.SampleSession, "c1a")).ExitCode);
        Assert.Equal(2, (await LinesAsync("comments", OpencodeFiles.SampleSession)).Count);
    }

    [Fact]
    public async Task A_link_without_comments_shows_none_and_one_without_the_right_may_not_answer()
    {
        string path = Files.Sample();
        await LinesAsync(["share", "--once", "--opencode", path, .. ToRoot]);
        JsonElement invited =
            Assert.Single(await LinesAsync("invite", OpencodeFiles.SampleSession, "--comment"));
        Assert.True(ShareLink.TryParse(Text(invited, "link"), out ShareLink? link));
        await SayAsync(link, "Well done.", "c1");
        string reads = Text(Assert.Single(await LinesAsync("invite", OpencodeFiles.SampleSession)), "link");
        string blind =
            Text(Assert.Single(await LinesAsync("invite", OpencodeFiles.SampleSession, "--no-comments")), "link");

        await using AdminClient reader = await AdminClient.OpenShareAsync(Link(reads), Timeout);
        Assert.Single(await reader.ReadStateAsync([Kinds.Comment], Timeout));
        await using AdminClient other = await AdminClient.OpenShareAsync(Link(blind), Timeout);
        Assert.Empty(await other.ReadStateAsync([Kinds.Comment], Timeout));
        (_, string hidden, _) = await RunAsync("watch", blind, "--once");
        (_, string shown, _) = await RunAsync("watch", reads, "--once");
        Assert.DoesNotContain("Well done.", hidden, StringComparison.Ordinal);
        Assert.Contains("Well done.", shown, StringComparison.Ordinal);
    }

    private static ShareLink Link(string text)
    {
        Assert.True(ShareLink.TryParse(text, out ShareLink? link));
        return link;
    }

    /// <summary>Comments on the first message as whoever opens the link; returns the message.</summary>
    private async Task<string> SayAsync(ShareLink link, string text, string id)
    {
        await using AdminClient guest = await AdminClient.OpenShareAsync(link, Timeout);
        string message = (await guest.ReadStateAsync([Kinds.Message], Timeout))[0].Key;
        Ack ack = await guest.AppendAsync(new OpBatch
        {
            BatchId = "b",
            Ops =
            [
                new OpIntent
                {
                    OpId = OpId.New(), Verb = Verbs.Put, Kind = Kinds.Comment, Key = $"message/{message}/{id}",
                    Data = RawJson.Parse(JsonSerializer.Serialize(new { text })),
                },
            ],
        });
        Assert.Empty(ack.Rejected);
        return message;
    }
}
