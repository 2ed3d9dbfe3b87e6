using System.Text.Json;
using ShareRpc.Cli;
using ShareRpc.Client.Credentials;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.MainJob;
using ShareRpc.Tests.Sources.Opencode;

namespace ShareRpc.Tests.Cli;

/// <summary>
/// The commands that give access, narrow it, show it and take it back, in this process, against a real server.
/// </summary>
public sealed class AdministrationTests : IAsyncLifetime, IDisposable
{
    private readonly OpencodeFiles files = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;
    private RunningServer server = null!;

    private string LaptopToken => Path.Combine(files.Folder, "laptop.token");

    public async Task InitializeAsync() => server = await RunningServer.StartAsync();

    [Fact]
    public async Task An_agent_gets_a_token_of_its_own_is_listed_and_revoking_it_says_what_ends_and_asks()
    {
        JsonElement added = await OneAsync("agent", "add", "--label", "laptop", "--out", LaptopToken);
        JsonElement shared = await ShareAsync();
        JsonElement listed = await OneAsync("agent", "ls");
        (int unasked, string said, string why) = await RunAsync(["agent", "revoke", "laptop", .. ToRoot()]);
        (int stillThere, _, _) = await RunAsync("watch", Text(shared, "link"), "--once");
        JsonElement revoked = await OneAsync("agent", "revoke", "laptop", "--yes");
        (int gone, _, _) = await RunAsync("watch", Text(shared, "link"), "--once");

        Assert.False(added.TryGetProperty("token", out _));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(LaptopToken));
        Assert.Equal(("laptop", "active", 1),
            (Text(listed, "label"), Text(listed, "state"), listed.GetProperty("shares").GetInt32()));
        Assert.Contains("1 share(s) and of 1 invitation(s)", said, StringComparison.Ordinal);
        Assert.Contains("--yes", why, StringComparison.Ordinal);
        Assert.Equal((2, 0, 3), (unasked, stillThere, gone));
        Assert.Equal((1, 1), (revoked.GetProperty("shares").GetInt32(), revoked.GetProperty("holders").GetInt32()));
    }

    [Fact]
    public async Task With_keep_shares_readers_stay_and_the_agent_writes_no_more()
    {
        await OneAsync("agent", "add", "--label", "laptop", "--out", LaptopToken);
        string path = files.Sample();
        JsonElement shared = await ShareAsync(path);
        await LinesAsync("invite", Text(shared, "share_id"), "--label", "Ana");
        (int unasked, string said, _) = await RunAsync(["agent", "revoke", "laptop", "--keep-shares", .. ToRoot()]);
        JsonElement revoked = await OneAsync("agent", "revoke", "laptop", "--keep-shares", "--yes");
        (int reads, _, _) = await RunAsync("watch", Text(shared, "link"), "--once");
        OpencodeFiles.Execute(path, "UPDATE session SET title = 'changed'");
        (int writes, _, _) = await RunAsync(
            "share", "--once", "--opencode", path, "--server", server.Address.ToString(), "--token-file", LaptopToken);

        Assert.Equal((2, 1, 0, 3), (unasked, revoked.GetProperty("adopted").GetInt32(), reads, writes));
        Assert.Contains("1 share(s), which go to root: their 2 invitation(s) stay", said, StringComparison.Ordinal);
        Assert.Contains("  Ana", said, StringComparison.Ordinal);
        JsonElement made = await OneAsync("invite", Text(shared, "share_id"), "--label", "by root");
        Assert.Equal(0, (await RunAsync("watch", Text(made, "link"), "--once")).ExitCode);
        List<JsonElement> trail = await LinesAsync(["audit", Text(shared, "share_id"), .. ToRoot()]);
        Assert.Contains(trail, entry => Text(entry, "action") == "adopt");
    }

    [Fact]
    public async Task An_agent_without_a_file_has_its_token_printed_once_and_nowhere_kept()
    {
        JsonElement added = await OneAsync("agent", "add", "--label", "x");
        (_, string listed, _) = await RunAsync(["agent", "ls", .. ToRoot()]);

        Assert.True(ShareToken.TryParse(Text(added, "token"), out ShareToken? token));
        Assert.DoesNotContain("srpc_", listed, StringComparison.Ordinal);
        Assert.Null(Store().Find(token.CapId));
        (int again, _, _) = await RunAsync(["agent", "add", "--out", files.Sample(), .. ToRoot()]);
        Assert.Equal(2, again); // a file that is there is not written over
    }

    [Fact]
    public async Task An_invitation_carries_its_limits_and_who_shows_them()
    {
        JsonElement shared = await ShareAsRootAsync();
        JsonElement guest = Assert.Single(await LinesAsync(
            "invite", OpencodeFiles.SampleSession, "--label", "Ana", "--expires", "7d", "--redact", "tools,reasoning",
            "--max-uses", "5",
            "--expires-unused", "1d"));
        JsonElement writer = Assert.Single(await LinesAsync(
            "invite", Text(shared, "share_id"), "--rights", "append", "--append-kinds", "message,part",
            "--max-ops-per-day", "10"));
        List<JsonElement> who = await LinesAsync("who", OpencodeFiles.SampleSession);
        (_, string table, _) = await RunAsync("who", OpencodeFiles.SampleSession);

        JsonElement ana = who.Single(one => one.GetProperty("cap_id").GetString() == Text(guest, "cap_id"));
        JsonElement caveats = ana.GetProperty("caveats");
        Assert.Equal(["tools", "reasoning"],
            caveats.GetProperty("redact").EnumerateArray().Select(word => word.GetString()));
        Assert.Equal(5, caveats.GetProperty("max_uses").GetInt32());
        JsonElement other = who.Single(one => one.GetProperty("cap_id").GetString() == Text(writer, "cap_id"));
        Assert.Equal(["read", "append"], other.GetProperty("rights").EnumerateArray().Select(word => word.GetString()));
        Assert.Equal(10, other.GetProperty("caveats").GetProperty("max_ops_per_day").GetInt64());
        Assert.Contains("no tools/reasoning", table, StringComparison.Ordinal);
        Assert.Contains(". Ana", table, StringComparison.Ordinal);
        Assert.DoesNotContain("srpc_", table, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redacted_watch_shows_what_it_may_says_so_once_and_skips_the_rest()
    {
        await ShareAsRootAsync();
        JsonElement guest = Assert.Single(await LinesAsync("invite", OpencodeFiles.SampleSession, "--redact", "files"));
        (int exitCode, string shown, _) = await RunAsync("watch", Text(guest, "link"), "--once");
        List<JsonElement> ops = await LinesAsync("watch", Text(guest, "link"), "--once");

        Assert.Equal(0, exitCode);
        Assert.Equal(Enumerable.Range(1, ops.Count), ops.Select(op => op.GetProperty("cursor").GetInt32()));
        Assert.Contains(ops, op => op.TryGetProperty("hidden", out _) || op.TryGetProperty("redacted", out _));
        Assert.Contains("══ Seconds are NaN", shown, StringComparison.Ordinal);
        Assert.Single(shown.Split('\n'), line => line.Contains("not shown to this link", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_link_with_a_passphrase_opens_with_it_only_and_it_is_kept_nowhere()
    {
        await ShareAsRootAsync();
        const string Words = "correct horse battery";
        string file = Path.Combine(files.Folder, "words.txt");
        await File.WriteAllTextAsync(file, Words + "\n");
        string wrong = Path.Combine(files.Folder, "wrong.txt");
        await File.WriteAllTextAsync(wrong, "something else\n");
        JsonElement guest =
            Assert.Single(await LinesAsync("invite", OpencodeFiles.SampleSession, "--passphrase-file", file));
        string link = Text(guest, "link");

        (int without, _, string hint) = await RunAsync("watch", link, "--once");
        (int other, _, _) = await RunAsync("watch", link, "--once", "--passphrase-file", wrong);
        (int with, _, _) = await RunAsync("watch", link, "--once", "--passphrase-file", file);
        (int again, _, _) = await RunAsync("watch", link, "--once"); // by the grant that the one before left behind
        (int pulled, _, string cannot) = await RunAsync(
            "pull", link, "--into", "opencode", "--print", "--passphrase-file", file);

        Assert.Equal((3, 3, 0, 0, 1), (without, other, with, again, pulled));
        Assert.Contains("passphrase", hint, StringComparison.Ordinal);
        Assert.Contains("without one", cannot, StringComparison.Ordinal);
        foreach (string kept in Directory.EnumerateFiles(Path.Combine(files.Folder, "state")))
            Assert.DoesNotContain(Words, await File.ReadAllTextAsync(kept), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_suspended_is_refused_until_it_is_resumed()
    {
        JsonElement shared = await ShareAsRootAsync();
        string link = Text(shared, "link");
        JsonElement suspended = Assert.Single(await LinesAsync("suspend", link));
        (int refused, _, string why) = await RunAsync("watch", link, "--once", "--timeout", "1");
        List<JsonElement> who = await LinesAsync("who", OpencodeFiles.SampleSession);
        JsonElement resumed = Assert.Single(await LinesAsync("resume", Text(suspended, "cap_id")));
        (int again, _, _) = await RunAsync("watch", link, "--once");

        Assert.Equal(("suspended", "active"), (Text(suspended, "state"), Text(resumed, "state")));
        Assert.Equal((3, 0), (refused, again));
        Assert.Contains("suspended", why, StringComparison.Ordinal);
        Assert.Equal(1, who.Count(one => Text(one, "state") == "suspended"));
    }

    [Fact]
    public async Task An_owner_that_suspended_itself_is_resumed_by_root()
    {
        JsonElement shared = await ShareAsRootAsync();
        string owner = Text((await LinesAsync("who", OpencodeFiles.SampleSession))[0], "cap_id");
        await LinesAsync("suspend", owner);
        await LinesAsync("resume", owner);

        Assert.Equal(0, (await RunAsync("watch", Text(shared, "link"), "--once")).ExitCode);
    }

    [Fact]
    public async Task Rotating_gives_a_new_link_that_is_kept_and_the_old_one_is_dead()
    {
        JsonElement shared = await ShareAsRootAsync();
        string old = Text(shared, "link");
        JsonElement rotated = Assert.Single(await LinesAsync("rotate", old));
        (int dead, _, _) = await RunAsync("watch", old, "--once");
        (int alive, _, _) = await RunAsync("watch", Text(rotated, "link"), "--once");
        string capId = Text(rotated, "cap_id");

        Assert.Equal((3, 0), (dead, alive));
        Assert.EndsWith(Store().FindToken(capId)!.Reveal(), Text(rotated, "link"), StringComparison.Ordinal);
        Assert.Null(Store().FindNextToken(capId));
    }

    [Fact]
    public async Task A_rotation_whose_answer_was_lost_is_finished_by_the_same_command_with_the_same_token()
    {
        JsonElement shared = await ShareAsRootAsync();
        Assert.True(ShareLink.TryParse(Text(shared, "link"), out ShareLink? old));
        ShareToken next = ShareToken.New(old.Token.CapId);
        Store().AddNext(next, server.Address, old.ShareId, null); // what the tool does first
        await using (var root = await server.OpenRootAsync())
        {
            await root.RotateCapabilityAsync(
                new RotateCapabilityRequest { CapId = next.CapId, TokenDigest = next.Digest });
        }

        JsonElement rotated = Assert.Single(await LinesAsync("rotate", Text(shared, "link")));

        Assert.EndsWith(next.Reveal(), Text(rotated, "link"), StringComparison.Ordinal);
        Assert.Equal(next.Reveal(), Store().FindToken(next.CapId)!.Reveal());
        Assert.Equal(0, (await RunAsync("watch", Text(rotated, "link"), "--once")).ExitCode);
    }

    [Fact]
    public async Task A_rotation_that_is_refused_leaves_the_old_token_in_place()
    {
        JsonElement shared = await ShareAsRootAsync();
        string link = Text(shared, "link");
        Assert.True(ShareLink.TryParse(link, out ShareLink? parsed));
        await LinesAsync("revoke", link);
        string before = Store().FindToken(parsed.Token.CapId)!.Reveal();
        (int exitCode, _, _) = await RunAsync("rotate", link);

        Assert.Equal(3, exitCode);
        Assert.Equal(before, Store().FindToken(parsed.Token.CapId)!.Reveal());
        Assert.Null(Store().FindNextToken(parsed.Token.CapId));
    }

    [Fact]
    public async Task Rotating_what_others_hang_on_asks_first()
    {
        await ShareAsRootAsync();
        string owner = Text((await LinesAsync("who", OpencodeFiles.SampleSession))[0], "cap_id");
        (int unasked, string said, _) = await RunAsync("rotate", owner);
        (int done, _, _) = await RunAsync("rotate", owner, "--yes");

        Assert.Equal((2, 0), (unasked, done));
        Assert.Contains("viewer link", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rm_asks_erases_and_old_links_say_that_it_was_deleted()
    {
        JsonElement shared = await ShareAsRootAsync();
        (int unasked, string said, _) = await RunAsync("rm", OpencodeFiles.SampleSession);
        (int before, _, _) = await RunAsync("watch", Text(shared, "link"), "--once");
        JsonElement removed = Assert.Single(await LinesAsync("rm", Text(shared, "share_id"), "--yes"));
        (int after, _, string why) = await RunAsync("watch", Text(shared, "link"), "--once");

        Assert.Equal((2, 0, 3), (unasked, before, after));
        Assert.Contains("Seconds are NaN", said, StringComparison.Ordinal);
        Assert.Equal(Text(shared, "share_id"), Text(removed, "share_id"));
        Assert.Contains("deleted", why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_that_was_revoked_here_is_not_printed_again_and_share_says_how_to_make_another()
    {
        string path = files.Sample();
        JsonElement shared = await ShareAsRootAsync(path);
        await LinesAsync("revoke", Text(shared, "link"));
        JsonElement again = await ShareAsRootAsync(path);
        (int exitCode, string said, _) = await RunAsync(["share", "--once", "--opencode", path, .. ToRoot()]);

        Assert.False(again.TryGetProperty("link", out _));
        Assert.Equal(0, exitCode);
        Assert.DoesNotContain("srpc_", said, StringComparison.Ordinal);
        Assert.Contains($"sharerpc invite {OpencodeFiles.SampleSession}", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Audit_says_who_did_what_of_one_share_or_of_all_newest_last()
    {
        JsonElement shared = await ShareAsRootAsync();
        await LinesAsync("invite", OpencodeFiles.SampleSession, "--label", "Ana");
        await LinesAsync("revoke", Text(shared, "link"));
        List<JsonElement> ofShare = await LinesAsync("audit", OpencodeFiles.SampleSession);
        List<JsonElement> last = await LinesAsync(["audit", "--limit", "1", .. ToRoot()]);
        (_, string table, _) = await RunAsync("audit", OpencodeFiles.SampleSession);

        List<string> actions =
            [.. ofShare.Select(entry => Text(entry, "action")).Where(action => action is not ("redeem" or "append"))];
        Assert.Equal(["create_share", "attenuate", "attenuate", "revoke"], actions);
        Assert.Equal(ofShare.Select(entry => entry.GetProperty("position").GetInt64()).Order(),
            ofShare.Select(entry => entry.GetProperty("position").GetInt64()));
        Assert.Single(last);
        Assert.Contains("Ana (", table, StringComparison.Ordinal);
        Assert.DoesNotContain("srpc_", table, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Audit_is_filtered_by_the_server()
    {
        const string session = OpencodeFiles.SampleSession;
        JsonElement shared = await ShareAsRootAsync();
        JsonElement ana = await OneAsync("invite", session, "--label", "Ana");
        await LinesAsync("revoke", Text(shared, "link"));
        List<JsonElement> ofAna = await LinesAsync("audit", session, "--of", "Ana", "--since", "1h");
        List<JsonElement> revoked = await LinesAsync(["audit", "--action", "revoke", "--since", "1h", .. ToRoot()]);
        List<JsonElement> old = await LinesAsync("audit", session, "--until", "2020-01-01T10:00");
        (int exitCode, _, string why) = await RunAsync("audit", session, "--of", "nobody");
        Assert.Equal(Text(ana, "cap_id"), Text(Assert.Single(ofAna), "subject"));
        Assert.Equal("revoke", Text(Assert.Single(revoked), "action"));
        Assert.Equal((0, 2), (old.Count, exitCode));
        Assert.Contains("sharerpc who", why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secrets_are_listed_found_by_place_and_replaced_by_share_unless_told_otherwise()
    {
        string secret = string.Concat("gh", "p_", new string('k', 36));
        string notes = Path.Combine(files.Folder, "notes.txt");
        await File.WriteAllTextAsync(notes, $"one\ntwo {secret}\n");
        string path = files.Sample();
        OpencodeFiles.Execute(path, "UPDATE session SET title = $t", ("$t", $"with {secret}"));
        List<JsonElement> rules = await LinesAsync("secrets", "rules");
        (int found, string where, _) = await RunAsync("secrets", "scan", notes);
        JsonElement done = await ShareAsRootAsync(path);
        (_, string status, _) = await RunAsync("outbox", "status");
        (_, string shown, _) = await RunAsync("watch", Text(done, "link"), "--once");
        (_, string open, _) =
            await RunAsync(["share", "--once", "--json", "--no-secret-scan", "--opencode", path, .. ToRoot()]);

        Assert.Contains(rules, rule => Text(rule, "id") == "github-token");
        Assert.Equal(1, found);
        Assert.Contains(":2:5  github-token", where, StringComparison.Ordinal);
        Assert.Equal((1, 1),
            (done.GetProperty("redacted").GetInt32(),
                done.GetProperty("redacted_by_rule").GetProperty("github-token").GetInt32()));
        Assert.Contains("redacted 1: github-token", status, StringComparison.Ordinal);
        Assert.Contains("with [redacted:github-token]", shown, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, where + status + shown, StringComparison.Ordinal);
        Assert.Contains("\"redacted\":0", open, StringComparison.Ordinal);
        Assert.Contains(secret, (await RunAsync("watch", Text(done, "link"), "--once")).Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ops_authored_before_a_revocation_and_replayed_after_it_are_kept_as_refused_and_can_be_exported()
    {
        string path = files.Sample();
        JsonElement shared = await ShareAsRootAsync(path);
        string owner = Text((await LinesAsync("who", OpencodeFiles.SampleSession))[0], "cap_id");
        await server.StopAsync();
        OpencodeFiles.Execute(path, "UPDATE session SET title = 'while offline'");
        (int queued, _, _) = await RunAsync(["share", "--once", "--timeout", "1", "--opencode", path, .. ToRoot()]);
        await server.StartAgainAsync();
        await using (var root = await server.OpenRootAsync()) await root.RevokeCapabilityAsync(owner);

        (int refused, _, _) = await RunAsync(["share", "--once", "--opencode", path, .. ToRoot()]);
        JsonElement exported = Assert.Single(await LinesAsync("outbox", "export"));
        JsonElement status = Assert.Single(await LinesAsync("outbox", "status"));

        Assert.Equal((4, 3), (queued, refused));
        Assert.Equal("capability_revoked", Text(exported, "code"));
        Assert.Equal("while offline", Text(exported.GetProperty("data"), "title"));
        Assert.Equal(("capability_revoked", 1), (Text(status, "closed_code"), status.GetProperty("failed").GetInt32()));
        Assert.Equal(Text(shared, "share_id"), Text(exported, "share_id"));
    }

    public void Dispose() => files.Dispose();

    public async Task DisposeAsync() => await server.DisposeAsync();

    private CredentialStore Store() => new(Path.Combine(files.Folder, "state", "credentials.json"));

    private string[] ToRoot() =>
        ["--server", server.Address.ToString(), "--token-file", Path.Combine(server.DataDirectory, "root.token")];

    private Task<JsonElement> ShareAsRootAsync(string? path = null) => ShareAsync(path, ToRoot());

    private async Task<JsonElement> ShareAsync(string? path = null, string[]? with = null)
    {
        with ??= ["--server", server.Address.ToString(), "--token-file", LaptopToken];
        List<JsonElement> lines = await LinesAsync(["share", "--once", "--opencode", path ?? files.Sample(), .. with]);
        return lines.Single(line => line.TryGetProperty("event", out JsonElement name) && name.GetString() == "done");
    }

    /// <summary>One line of JSON of a command that root runs.</summary>
    private async Task<JsonElement> OneAsync(params string[] args) =>
        Assert.Single(await LinesAsync([.. args, .. ToRoot()]));

    private async Task<List<JsonElement>> LinesAsync(params string[] args)
    {
        (int exitCode, string output, string errors) = await RunAsync([.. args, "--json"]);
        Assert.True(exitCode == 0, $"{string.Join(' ', args.Take(2))}: {exitCode} {errors}");
        return [.. output.Split('\n',
            StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
    }

    private async Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] args)
    {
        var output = new StringWriter();
        var errors = new StringWriter();
        int exitCode = await CommandLine.RunAsync([.. args, "--state", Path.Combine(files.Folder, "state")], output,
            errors, timeout);
        return (exitCode, output.ToString(), errors.ToString());
    }

    private static string Text(JsonElement line, string field) => line.GetProperty(field).GetString()!;
}
