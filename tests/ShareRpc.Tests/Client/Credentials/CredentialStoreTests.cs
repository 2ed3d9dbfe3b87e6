using ShareRpc.Client.Credentials;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Client.Credentials;

public sealed class CredentialStoreTests : IDisposable
{
    private static readonly Uri Server = new("https://share.example.org/");
    private readonly TemporaryDirectory files = new();

    private string FilePath => files["deep/credentials.json"];

    [Fact]
    public void What_was_added_is_there_for_the_next_process()
    {
        ShareToken token = ShareToken.New(RandomId.New());
        new CredentialStore(FilePath).Add(token, Server, "share", "label");
        var next = new CredentialStore(FilePath);

        Assert.Equal(token.Reveal(), next.FindToken(token.CapId)!.Reveal());
        Assert.Equal(new Credential(token.Reveal(), Server, "share", "label"), next.Find(token.CapId));
        Assert.Null(next.FindToken(RandomId.New()));
    }

    [Fact]
    public void What_another_process_changed_is_seen_at_once_also_of_a_file_that_was_read_long_after_it_was_written()
    {
        ShareToken token = ShareToken.New(RandomId.New());
        new CredentialStore(FilePath).Add(token, Server, "s", "label");
        File.SetLastWriteTimeUtc(FilePath, TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-1));
        var reader = new CredentialStore(FilePath);
        Assert.False(reader.Find(token.CapId)!.IsRevoked);
        new CredentialStore(FilePath).MarkRevoked(token.CapId);
        Assert.True(reader.Find(token.CapId)!.IsRevoked);
        reader.Add(ShareToken.New(RandomId.New()), Server, "t", "other");
        Assert.Equal(2, reader.List().Count);
        File.Delete(FilePath);
        Assert.Empty(reader.List());
    }

    [Fact]
    public void Only_the_user_can_read_the_file()
    {
        var store = new CredentialStore(FilePath);
        for (int i = 0; i < 2; i++) store.Add(ShareToken.New(RandomId.New()), Server, null, null);
        const UnixFileMode UserOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

        Assert.Equal(UserOnly, File.GetUnixFileMode(FilePath));
        Assert.Equal(UserOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(FilePath)!));
    }

    [Fact]
    public async Task Processes_that_write_at_once_lose_nothing_of_each_other()
    {
        ShareToken[] tokens = [.. Enumerable.Range(0, 40).Select(_ => ShareToken.New(RandomId.New()))];
        await Task.WhenAll(
            tokens.Select(token => Task.Run(() => new CredentialStore(FilePath).Add(token, Server, null, null))));

        Assert.Equal(tokens.Select(token => token.CapId).Order(), new CredentialStore(FilePath).List().Keys.Order());
    }

    [Fact]
    public void A_crash_in_the_middle_of_a_write_leaves_the_file_as_it_was()
    {
        ShareToken token = ShareToken.New(RandomId.New());
        var store = new CredentialStore(FilePath);
        store.Add(token, Server, null, null);
        File.WriteAllText(FilePath + ".new", "{ \"half");
        Assert.NotNull(store.FindToken(token.CapId));
        store.Add(ShareToken.New(RandomId.New()), Server, null, null);

        Assert.Equal(2, store.List().Count);
    }

    public static TheoryData<string> Damages => new(
        "", " ", "null", "[]", "7", "\"text\"", "{", "{\"half\": {\"token\": \"srpc_",
        "{\"a\": null}", "{\"a\": 7}", "{\"a\": []}", "{\"a\": {}}",
        "{\"a\": {\"token\": null, \"server\": \"https://h/\"}}",
        "{\"a\": {\"token\": 7, \"server\": \"https://h/\"}}",
        "{\"a\": {\"token\": \"t\", \"server\": null}}", "{\"a\": {\"token\": \"t\", \"server\": \"h\"}}",
        "{\"a\": {\"token\": \"t\", \"server\": \"https://h/\", \"is_revoked\": \"yes\"}}",
        "{\"a\": {\"token\": \"t\", \"server\": \"https://h/\"}, \"a\": {\"token\": \"u\", "
            + "\"server\": \"https://h/\"}}",
        "{\"a\": {\"token\": \"\u0001", "\u00ff\u00fe{}", new string('[', 5000));

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_damaged_file_is_named_with_the_next_step_and_never_written_over(string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        File.WriteAllText(FilePath, content);
        var store = new CredentialStore(FilePath);
        ShareToken token = ShareToken.New(RandomId.New());
        Action[] uses =
        [
            () => store.Find("a"), () => store.List(), () => store.FindToken("a"), () => store.FindNextToken("a"),
            () => store.FindGrant("a", Server), () => store.Add(token, Server, null, null),
            () => store.AddNext(token, Server, null, null), () => store.Promote("a"), () => store.DropNext("a"),
            () => store.MarkRevoked("a"), () => store.ForgetGrant("a", token),
            () => store.KeepGrant(new ShareLink(Server, "", token), token),
        ];
        foreach (Action use in uses)
        {
            CredentialStoreException said = Assert.Throws<CredentialStoreException>(use);
            Assert.Contains(FilePath, said.Message, StringComparison.Ordinal);
            Assert.Contains("restore it", said.Message, StringComparison.Ordinal);
        }

        Assert.Equal(content, File.ReadAllText(FilePath));
    }

    [Fact]
    public void A_directory_in_its_place_and_a_path_through_a_file_are_named_and_not_taken_for_an_empty_store()
    {
        Directory.CreateDirectory(FilePath);
        string through = Path.Combine(files["file"], "credentials.json");
        File.WriteAllText(files["file"], "");
        foreach (string path in (string[])[FilePath, through])
        {
            var store = new CredentialStore(path);
            Assert.Contains(path, Assert.Throws<CredentialStoreException>(() => store.List()).Message,
                StringComparison.Ordinal);
            Assert.Contains("--state", Assert.Throws<CredentialStoreException>(() =>
                store.Add(ShareToken.New(RandomId.New()), Server, null, null)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_next_token_of_a_rotation_is_kept_beside_the_old_one_until_it_takes_its_place()
    {
        ShareToken old = ShareToken.New(RandomId.New());
        ShareToken next = ShareToken.New(old.CapId);
        var store = new CredentialStore(FilePath);
        store.Add(old, Server, "share", "label");
        store.AddNext(next, Server, "share", null);
        (string? during, string? then) =
            (store.FindToken(old.CapId)?.Reveal(), store.FindNextToken(old.CapId)?.Reveal());
        store.Promote(old.CapId);

        Assert.Equal((old.Reveal(), next.Reveal()), (during, then));
        Assert.Equal(new Credential(next.Reveal(), Server, "share", "label"), store.Find(old.CapId));
        Assert.Null(store.FindNextToken(old.CapId));
    }

    [Fact]
    public void A_rotation_that_did_not_happen_leaves_no_trace()
    {
        ShareToken old = ShareToken.New(RandomId.New());
        ShareToken unknown = ShareToken.New(RandomId.New());
        var store = new CredentialStore(FilePath);
        store.Add(old, Server, "share", "label");
        store.AddNext(ShareToken.New(old.CapId), Server, "share", null);
        store.AddNext(unknown, Server, null, null);
        store.DropNext(old.CapId);
        store.DropNext(unknown.CapId);

        Assert.Equal(new Credential(old.Reveal(), Server, "share", "label"), Assert.Single(store.List()).Value);
    }

    [Fact]
    public void What_was_revoked_from_here_is_remembered_with_its_token_and_what_is_unknown_is_not_added()
    {
        ShareToken known = ShareToken.New(RandomId.New());
        var store = new CredentialStore(files["credentials.json"]);
        store.MarkRevoked(known.CapId);
        Assert.Empty(store.List());

        store.Add(known, Server, "share", "label");
        store.MarkRevoked(known.CapId);

        Assert.Equal(new Credential(known.Reveal(), Server, "share", "label", IsRevoked: true),
            Assert.Single(store.List()).Value);
    }

    [Fact]
    public void Printing_a_credential_does_not_reveal_its_token()
    {
        ShareToken token = ShareToken.New(RandomId.New());
        var credential = new Credential(token.Reveal(), Server, "share", "label");

        Assert.DoesNotContain(token.Reveal().Split('_')[2], $"{credential}", StringComparison.Ordinal);
    }

    public void Dispose() => files.Dispose();
}
