using System.Text.Json.Nodes;
using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests;

/// <summary>What a share must be after a sync, read back over the wire.</summary>
internal static class ShareChecks
{
    /// <summary>
    /// getState equals the database rows field by field; cursors are gapless; no op id is there twice.
    /// </summary>
    public static async Task<(
        int Messages, int Parts)> EqualsDatabaseAsync(JsonObject session, string database,
        CancellationToken cancellationToken)
    {
        string id = (string)session["session"]!;
        Assert.True(ShareLink.TryParse((string?)session["link"], out ShareLink? link));
        await using var reader = new ShareReader(link);
        ShareSnapshot state = await reader.ReadStateAsync(cancellationToken);
        Dictionary<string, JsonNode> messages = OpencodeFixture.Messages(database, id);
        Dictionary<string, JsonNode> parts = OpencodeFixture.Parts(database, id);
        AssertSame(messages, state, Kinds.Message);
        AssertSame(parts, state, Kinds.Part);
        await AssertLogIsSoundAsync(reader, state.Cursor, cancellationToken);
        return (messages.Count, parts.Count);
    }

    private static void AssertSame(Dictionary<string, JsonNode> rows, ShareSnapshot state, string kind)
    {
        Dictionary<string, JsonNode> documents = state.Documents
            .Where(document => document.Kind == kind).ToDictionary(
                document => document.Key, document => JsonNode.Parse(document.Data.Utf8.Span)!);
        Assert.Equal(rows.Keys.Order(), documents.Keys.Order());
        foreach ((string key, JsonNode row) in rows)
        {
            Assert.True(JsonNode.DeepEquals(
                row, documents[key]),
                    $"{kind} {key}\nrow   {row.ToJsonString()}\nshare {documents[key].ToJsonString()}");
        }
    }

    private static async Task AssertLogIsSoundAsync(ShareReader reader, long head, CancellationToken cancellationToken)
    {
        var ids = new HashSet<string>();
        long cursor = 0;
        while (cursor < head)
        {
            foreach (LoggedOp op in (await reader.ReadOpsAsync(cursor, cancellationToken)).Ops)
            {
                Assert.Equal(++cursor, op.Cursor);
                Assert.True(ids.Add(op.OpId), $"{op.OpId} was applied twice");
            }
        }
    }
}
