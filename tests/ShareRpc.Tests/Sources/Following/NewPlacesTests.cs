using ShareRpc.Sources;
using ShareRpc.Sources.Following;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Sources.Opencode;

namespace ShareRpc.Tests.Sources.Following;

/// <summary>
/// What an agent writes into files and folders that it makes while it is followed is in the outbox within 500 ms. By a
/// clock that goes on only while the tail waits: what the machine takes does not count.
/// </summary>
public sealed class NewPlacesTests : IDisposable
{
    // Turns of 5 ms after which no event is awaited any more, and the clock goes on to the next look.
    private const int Patience = 60;
    private static readonly TimeSpan MaxLag = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    private readonly TemporaryDirectory folder = new();
    private readonly ManualTimeProvider clock = new();
    private readonly CancellationTokenSource ending = new(TimeSpan.FromMinutes(3));

    public void Dispose()
    {
        ending.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("claude", false)]
    [InlineData("claude", true)]
    [InlineData("codex", false)]
    [InlineData("codex", true)]
    [InlineData("gemini", false)]
    [InlineData("gemini", true)]
    public async Task A_subagent_and_when_all_are_shared_a_new_session_in_a_new_folder_are_read(
        string agent, bool isAlone)
    {
        string first = SmallSession.Write(folder.Path, agent);
        await using OfflineShare share = await OfflineShare.OpenAsync(folder.Path);
        IAgentStorage storage = AgentStorages.On(new AgentHome(folder.Path, folder["state"], _ => null))
            .Single(one => one.Agent == agent);
        using var sessions = new FollowedSessions(share.Client, new FollowOptions
        {
            Storages = [storage], LockPath = share.LockPath, PollInterval = Poll,
            Chosen = isAlone ? (agent, "aaaa") : null,
        }, clock);
        await sessions.LookAsync(ending.Token);
        Assert.NotEmpty(share.Take());
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ending.Token);
        Task tail = sessions.TailAsync(stop.Token);

        await ArrivesAsync(share, SubagentOf(agent, first), "From below");
        if (!isAlone) await ArrivesAsync(share, NewOf(agent, first), "From beside");

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => tail);
        Assert.Equal(isAlone ? 1 : 2, sessions.Sessions.Count);
    }

    private async Task ArrivesAsync(OfflineShare share, (string Path, string Text) file, string said)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file.Path)!);
        File.WriteAllText(file.Path, file.Text);
        long written = clock.GetTimestamp();
        int turns = 0;
        while (!HasCome()) await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, ending.Token);
        Assert.InRange(clock.GetElapsedTime(written), TimeSpan.Zero, MaxLag);

        bool HasCome()
        {
            if (IsThere()) return true;
            if (clock.Waits(Gather)) clock.Advance(Gather);
            if (++turns < Patience || !clock.Waits(Poll)) return false;
            if (IsThere()) return true; // by the look that has just ended
            clock.Advance(Poll);
            turns = 0;
            return false;
        }

        bool IsThere() => share.Take().Exists(
            taken => taken.Op.Data?.ToString().Contains(said, StringComparison.Ordinal) == true);
    }

    /// <summary>Returns a session like the first, in a folder that is not there yet.</summary>
    private static (string Path, string Text) NewOf(string agent, string first)
    {
        string path = (agent switch
        {
            "claude" => first.Replace("-p/", "-new/", StringComparison.Ordinal),
            "codex" => first.Replace("/11/30/", "/12/01/", StringComparison.Ordinal),
            _ => first.Replace("/p/", "/new/", StringComparison.Ordinal),
        }).Replace("aaaa", "bbbb", StringComparison.Ordinal);
        return (path, TextOf(first, "bbbb", "From beside"));
    }

    private static (string Path, string Text) SubagentOf(string agent, string first)
    {
        string chats = Path.GetDirectoryName(first)!;
        return agent switch
        {
            "claude" => (Path.Combine(chats, "aaaa", "subagents", "agent-cccc.jsonl"),
                TextOf(first, "cccc", "From below")
                    .Replace("\"type\":\"user\"", "\"isSidechain\":true,\"agentId\":\"cccc\",\"type\":\"user\"",
                        StringComparison.Ordinal)),
            "codex" => (first.Replace("/11/30/", "/12/02/", StringComparison.Ordinal)
                    .Replace("aaaa", "cccc", StringComparison.Ordinal),
                TextOf(first, "cccc", "From below").Replace("\"id\":\"cccc\"",
                    "\"id\":\"cccc\",\"parent_thread_id\":\"aaaa\"", StringComparison.Ordinal)),
            _ => (Path.Combine(chats, "aaaa", "cccc.jsonl"), TextOf(first, "cccc", "From below")),
        };
    }

    private static string TextOf(string first, string id, string said) => File.ReadAllText(first)
        .Replace("aaaa", id, StringComparison.Ordinal).Replace("Hello", said, StringComparison.Ordinal);
}
