using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.LeftOut;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Sources.Opencode;

namespace ShareRpc.Tests.Sources.Following;

public sealed class FollowedSessionsTests : IDisposable
{
    private static readonly TimeSpan MaxLag = TimeSpan.FromMilliseconds(500);

    private readonly TemporaryDirectory folder = new();
    private readonly CancellationTokenSource ending = new(TimeSpan.FromMinutes(3));

    public void Dispose()
    {
        ending.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task Each_session_is_read_into_a_share_of_its_own_and_a_second_run_adds_nothing()
    {
        Write("a", "message m1 {\"id\":\"m1\"}", "part p1 {\"text\":\"one\"}", "part p1");
        Write("b", "message m1 {\"id\":\"other\"}");
        await using OfflineShare share = await OfflineShare.OpenAsync(folder.Path);
        using (FollowedSessions first = Open(share)) Assert.Equal(4, await first.LookAsync(ending.Token));
        Assert.Equal(["lines:a", "lines:b"], share.Client.Shares.Select(one => one.ExternalKey).Order());
        Assert.Equal(["put", "put", "remove", "put"], share.Take().Select(taken => taken.Op.Verb));
        using FollowedSessions second = Open(share);
        Assert.Equal(0, await second.LookAsync(ending.Token));
        Write("a", "part p2 {\"text\":\"two\"}");
        Assert.Equal(1, await second.LookAsync(ending.Token));
        Assert.All(share.Take(), taken => Assert.True(taken.Op.IfChanged));
    }

    [Fact]
    public async Task Two_processes_that_follow_the_same_session_put_each_document_once()
    {
        Write("a", "part p1 {}");
        await using OfflineShare share = await OfflineShare.OpenAsync(folder.Path);
        using FollowedSessions one = Open(share);
        using FollowedSessions other = Open(share);
        Assert.Equal(1, await one.LookAsync(ending.Token));
        Assert.Equal(0, await other.LookAsync(ending.Token));
        Write("a", "part p2 {}");
        Assert.Equal(1, await other.LookAsync(ending.Token));
        Assert.Equal(0, await one.LookAsync(ending.Token));
    }

    [Fact]
    public async Task What_comes_after_a_line_that_cannot_be_read_is_read_when_it_can_and_nothing_twice()
    {
        Write("bad", "part p1 {}", "!", "part p2 {}");
        Write("good", "part p1 {}");
        await using OfflineShare share = await OfflineShare.OpenAsync(folder.Path);
        using FollowedSessions sessions = Open(share);
        await sessions.LookAsync(ending.Token);
        Assert.Single(share.Take());
        Assert.IsType<InvalidOperationException>(sessions.Sessions.Single(one => one.Session.Id == "bad").LastError);
        File.WriteAllText(PathOf("bad"), "part p1 {}\npart p2 {}\n");
        await sessions.LookAsync(ending.Token);
        Assert.Null(sessions.Sessions.Single(one => one.Session.Id == "bad").LastError);
        Assert.Equal(["p1", "p2"], share.Take().Select(taken => taken.Op.Key));
    }

    [Fact]
    public async Task A_secret_is_replaced_before_it_is_in_the_outbox()
    {
        string secret = "ghp_" + new string('a', 18) + new string('7', 18);
        Write("a", $"part p1 {{\"text\":\"{secret}\"}}");
        await using OfflineShare share = await OfflineShare.OpenAsync(folder.Path);
        using FollowedSessions sessions = Open(share);
        await sessions.LookAsync(ending.Token);
        string stored = Assert.Single(share.Take()).Op.Data!.Value.ToString();
        Assert.Contains("[redacted:github-token]", stored);
        Assert.DoesNotContain(secret, stored);
        Assert.Equal(1, sessions.Sessions.Single().Redacted.Total);
    }

    [Fact]
    public async Task A_turn_is_open_only_at_the_end_and_does_not_open_again()
    {
        Write("a", "turn t1 {\"state\":\"streaming\"}", "turn t1 {\"state\":\"completed\"}",
            "turn t2 {\"state\":\"streaming\"}");
        await using OfflineShare share = await OfflineShare.OpenAsync(folder.Path);
        using FollowedSessions sessions = Open(share);
        await sessions.LookAsync(ending.Token);
        Assert.Equal([("t1", "completed"), ("t2", "streaming")], Turns(share));
        Write("a", "turn t2 {\"state\":\"failed\"}", "turn t2 {\"state\":\"streaming\"}");
        await sessions.LookAsync(ending.Token);
        Assert.Equal([("t2", "failed")], Turns(share));
        Write("a", "turn t2 {\"state\":\"streaming\"}");
        Assert.Equal(0, await sessions.LookAsync(ending.Token));
    }

    [Fact]
    public async Task Turns_of_a_file_that_is_read_again_do_not_end_otherwise_than_they_did()
    {
        string[] ends = [.. Enumerable.Range(1, 40).Select(turn => $"turn t{turn} {{\"state\":\"completed\"}}")];
        Write("a", ends);
        await using OfflineShare share = await OfflineShare.OpenAsync(folder.Path);
        using (FollowedSessions sessions = Open(share)) await sessions.LookAsync(ending.Token);
        Assert.Equal(40, share.Take().Count);
        Write("a", [.. ends.Select(end => end.Replace("completed", "aborted", StringComparison.Ordinal)),
            .. ends, "turn t41 {\"state\":\"failed\"}"]);
        using FollowedSessions again = Open(share);
        await again.LookAsync(ending.Token);
        Assert.Equal([("t41", "failed")], Turns(share));
    }

    [Fact]
    public void Turns_are_known_up_to_a_bound_whatever_their_keys()
    {
        string? known = null;
        for (int turn = 0; turn < 2 * KnownTurns.Most; turn++)
        {
            string key = $"{turn}{new string('ü', 200)}";
            Assert.False(KnownTurns.IsSaid(known, key, TurnStates.Streaming));
            known = KnownTurns.With(known, key, TurnStates.Streaming);
            Assert.True(KnownTurns.IsSaid(known, key, TurnStates.Streaming));
            Assert.False(KnownTurns.IsSaid(known, key, TurnStates.Failed));
            known = KnownTurns.With(known, key, TurnStates.Failed);
            Assert.True(KnownTurns.IsSaid(known, key, TurnStates.Completed));
        }

        Assert.Equal(12 * KnownTurns.Most, known!.Length);
        Assert.False(KnownTurns.IsSaid(known, $"0{new string('ü', 200)}", TurnStates.Failed));
    }

    [Fact]
    public async Task The_parts_of_a_subagents_messages_are_marked_also_those_that_a_later_process_reads()
    {
        Write("a", "message m1 {\"agent_session\":\"x\"}", "message m2 {}", "part p1 {\"messageID\":\"m1\"}",
            "part p2 {\"messageID\":\"m2\"}", "part p3 {\"messageID\":\"m1\",\"agent_session\":\"y\"}");
        await using OfflineShare share = await OfflineShare.OpenAsync(folder.Path);
        using (FollowedSessions sessions = Open(share)) await sessions.LookAsync(ending.Token);
        Write("a", "part p4 {\"messageID\":\"m1\"}");
        using FollowedSessions later = Open(share);
        await later.LookAsync(ending.Token);
        Assert.Equal(
            [
                "{\"agent_session\":\"x\",\"messageID\":\"m1\"}", "{\"messageID\":\"m2\"}",
                "{\"messageID\":\"m1\",\"agent_session\":\"y\"}", "{\"agent_session\":\"x\",\"messageID\":\"m1\"}",
            ],
            share.Take().Where(taken => taken.Op.Kind == Kinds.Part).Select(taken => $"{taken.Op.Data}"));
    }

    [Fact]
    public async Task A_key_that_no_document_may_have_ends_nothing()
    {
        Write("a", "part p\u0001 {}", "part p\u0001", "turn t\u0001 {\"state\":\"failed\"}", "part p2 {}");
        await using OfflineShare share = await OfflineShare.OpenAsync(folder.Path);
        using FollowedSessions sessions = Open(share);
        Assert.Equal(1, await sessions.LookAsync(ending.Token));
        Assert.Null(sessions.Sessions.Single().LastError);
    }

    [Fact]
    public async Task A_document_that_is_too_large_or_too_deep_has_a_placeholder_and_is_named()
    {
        string deep = new string('[', 60) + new string(']', 60);
        Write("a", $"part p1 {{\"sessionID\":\"a\",\"messageID\":\"m1\",\"type\":\"tool\",\"state\":{deep}}}",
            $"message m2 {{\"deep\":{deep}}}", "part p2 {}");
        await using OfflineShare share = await OfflineShare.OpenAsync(folder.Path);
        using FollowedSessions sessions = Open(share);
        await sessions.LookAsync(ending.Token);
        List<OpIntent> ops = [.. share.Take().Select(taken => taken.Op)];
        SessionFollower follower = sessions.Sessions.Single();
        Assert.Equal(["p1", "m2", "p2"], ops.Select(op => op.Key));
        Assert.Equal(("too_deep", "too_deep", null),
            (ReasonOf(ops[0]), ReasonOf(ops[1]), ReasonOf(ops[2])));
        Assert.Equal((2, 2), (follower.Skipped, follower.LeftOut.Count));
        Assert.Equal(follower.LeftOut, (await LeftOutDocuments.ReadAsync(follower.Writer, ending.Token)).Listed);
    }

    private static string? ReasonOf(OpIntent op) => OmittedDocument.Read(op.Data!.Value)?.Reason;

    [Fact]
    public async Task A_storage_that_cannot_be_placed_is_an_error_and_not_an_empty_list()
    {
        await using OfflineShare share = await OfflineShare.OpenAsync(folder.Path);
        var storage = new LineStorage(folder.Path) { Unknown = new UnknownStorageException("found what") };
        using FollowedSessions sessions = Open(share, storage);
        await Assert.ThrowsAsync<UnknownStorageException>(() => sessions.LookAsync(ending.Token));
    }

    /// <summary>By a clock that goes on only while the tail waits: what the machine takes does not count.</summary>
    [Theory]
    [InlineData(true, 10_000, 20)]
    [InlineData(false, 100, 100)]
    public async Task A_line_waits_less_than_500_ms_for_its_look_by_events_or_by_looking(
        bool isWatched, int pollMs, int stepMs)
    {
        var clock = new ManualTimeProvider();
        var step = TimeSpan.FromMilliseconds(stepMs);
        Write("a", "part p0 {}");
        await using OfflineShare share = await OfflineShare.OpenAsync(folder.Path);
        using FollowedSessions sessions = Open(share, new LineStorage(folder.Path, isWatched), pollMs, clock);
        await sessions.LookAsync(ending.Token);
        share.Take();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ending.Token);
        Task tail = sessions.TailAsync(stop.Token);
        for (int i = 1; i <= 9; i++)
        {
            Write(i == 5 ? "later" : "a", $"part p{i} {{}}");
            long written = clock.GetTimestamp();
            while (!IsThere())
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, ending.Token);
            Assert.InRange(clock.GetElapsedTime(written), TimeSpan.Zero, MaxLag);
        }

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => tail);

        bool IsThere()
        {
            if (share.Take() is not []) return true;
            if (clock.Waits(step)) clock.Advance(step);
            return false;
        }
    }

    [Fact]
    public async Task While_the_next_list_is_far_off_because_it_takes_long_a_known_session_is_read_by_its_event()
    {
        Write("a", "part p0 {}");
        Write("b", "part p0 {}");
        var clock = new ManualTimeProvider();
        int lists = 0;
        var storage = new LineStorage(folder.Path)
        {
            Listed = () =>
            {
                lists++;
                clock.Advance(TimeSpan.FromMinutes(10));
            },
        };
        await using OfflineShare share = await OfflineShare.OpenAsync(folder.Path);
        using var sessions = new FollowedSessions(
            share.Client, new FollowOptions { Storages = [storage], LockPath = share.LockPath }, clock);
        await sessions.LookAsync(ending.Token);
        Assert.Equal(2, share.Take().Count);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ending.Token);
        Task tail = sessions.TailAsync(stop.Token);
        int line = 0;
        List<(OpIntent Op, string? Group)> Next()
        {
            Write("b", $"part p{++line} {{}}");
            clock.Advance(TimeSpan.FromMilliseconds(25));
            return share.Take();
        }

        List<(OpIntent Op, string? Group)> taken;
        while ((taken = Next()) is [])
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, ending.Token);

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => tail);
        Assert.Equal(1, lists);
        Assert.Equal("p1", taken[0].Op.Key);
    }

    private static IEnumerable<(string, string)> Turns(OfflineShare share) =>
        share.Take().Select(taken => (taken.Op.Key, TurnStates.Of(taken.Op.Data!.Value.ToDocument().RootElement)!));

    private static FollowedSessions Open(
        OfflineShare share, IAgentStorage storage, int pollMs = 250, TimeProvider? time = null) =>
        new(share.Client, new FollowOptions
        {
            Storages = [storage], LockPath = share.LockPath, PollInterval = TimeSpan.FromMilliseconds(pollMs),
        }, time);

    private FollowedSessions Open(OfflineShare share) => Open(share, new LineStorage(folder.Path));

    private string PathOf(string session) => Path.Combine(folder.Path, $"{session}.session");

    private void Write(string session, params string[] lines) =>
        File.AppendAllText(PathOf(session), string.Join('\n', lines) + "\n");
}
