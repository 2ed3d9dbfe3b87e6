using System.Text.Json;
using ShareRpc.Client;
using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Sources.Following;
using ShareRpc.Tests.MainJob;

namespace ShareRpc.Tests.Sources.Following;

/// <summary>
/// A word in the inputs and outputs of tools, looked for in all that a real server sends to readers of a share: the
/// state, each op from the first on, and what an import is given.
/// </summary>
internal static class SharedCanary
{
    public const string Word = "canary-7c1e";

    /// <summary>Shares all sessions of a storage and asserts the same of the only one.</summary>
    public static async Task AssertHiddenAsync(
        IAgentStorage storage, string folder, string said, CancellationToken timeout)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using ShareClient client = await server.OpenClientAsync();
        using var sessions = new FollowedSessions(client, new FollowOptions
        {
            Storages = [storage], LockPath = Path.Combine(folder, "sync.lock"),
        });
        await sessions.LookAsync(timeout);
        await sessions.SettleAsync(timeout);
        ShareWriter writer = Assert.Single(sessions.Sessions).Writer;
        Assert.Equal(0, writer.Status.Failed);
        await AssertHiddenAsync(client, writer, said, timeout);
    }

    /// <summary>
    /// Asserts that the owner sees the word, and that readers without tools, and without anything that can be hidden,
    /// see <paramref name="said"/> and not the word.
    /// </summary>
    public static async Task AssertHiddenAsync(
        ShareClient client, ShareWriter writer, string said, CancellationToken timeout)
    {
        ShareLink redacted = await writer.InviteAsync(
            Rights.Read, "redacted", new Caveats { Redact = [Redactions.Tools] }, timeout);
        ShareLink bare = await writer.InviteAsync(
            Rights.Read, "bare", new Caveats { Redact = [.. Redactions.All] }, timeout);
        await client.FlushAsync(timeout);
        Assert.True(Count(await ReadAsync(writer.ViewerLink!, timeout)) > 4);
        foreach (ShareLink link in new[] { redacted, bare })
        {
            List<string> seen = await ReadAsync(link, timeout);
            Assert.Contains(seen, text => text.Contains(said, StringComparison.Ordinal));
            Assert.Equal(0, Count(seen));
        }
    }

    private static int Count(List<string> texts) =>
        texts.Count(text => text.Contains(Word, StringComparison.Ordinal));

    private static async Task<List<string>> ReadAsync(ShareLink link, CancellationToken timeout)
    {
        await using var reader = new ShareReader(link);
        ShareSnapshot state = await reader.ReadStateAsync(timeout);
        List<string> seen = [.. state.Documents.Select(document => $"{document.Key} {document.Data}")];
        await foreach (LoggedOp op in reader.FollowAsync(0, timeout))
        {
            seen.Add(JsonSerializer.Serialize(op));
            if (op.Cursor >= state.Cursor) break;
        }

        using var http = new HttpClient();
        seen.Add(await http.GetStringAsync(
            new Uri(link.Server, $"/api/share/{link.Token.Reveal()}/data"), timeout));
        return seen;
    }
}
