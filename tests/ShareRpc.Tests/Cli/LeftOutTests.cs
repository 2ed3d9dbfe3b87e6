using System.Text.Json;
using ShareRpc.Tests.Sources.Opencode;

namespace ShareRpc.Tests.Cli;

/// <summary>What the tool says of documents that a share does not take.</summary>
public sealed class LeftOutTests : ToolTest
{
    [Fact]
    public async Task A_part_of_9_MiB_is_named_to_its_author_and_readers_see_a_placeholder()
    {
        string path = Files.Sample();
        OpencodeFiles.Execute(path,
            "UPDATE part SET data = json_object('type', 'file', 'filename', 'scan.pdf', 'url', hex(zeroblob(4718592))) "
                + "WHERE id = (SELECT min(id) FROM part)");
        object?[] part = OpencodeFiles.Query(path, "SELECT min(id), message_id FROM part")[0];
        (int exitCode, string said, string errors) =
            await RunAsync(["share", "--once", "--opencode", path, .. ToRoot]);
        List<JsonElement> again = await LinesAsync(["share", "--once", "--opencode", path, .. ToRoot]);
        (_, string status, _) = await RunAsync("outbox", "status");
        JsonElement done = again.Single(line => line.TryGetProperty("left_out", out _));
        (_, string watched, _) = await RunAsync("watch", Text(done, "link"), "--once");

        Assert.Equal((0, ""), (exitCode, errors));
        foreach (string text in (string[])[said, status])
        {
            Assert.Contains($"left out: part {part[0]} of message {part[1]} (scan.pdf, ", text,
                StringComparison.Ordinal);
            Assert.Contains("larger than a share takes", text, StringComparison.Ordinal);
        }

        JsonElement named = Assert.Single(done.GetProperty("left_out").EnumerateArray());
        Assert.Equal((part[0], part[1], "too_large"),
            (Text(named, "key"), Text(named, "message"), Text(named, "reason")));
        Assert.Contains("left out: scan.pdf, 9", watched, StringComparison.Ordinal);
    }
}
