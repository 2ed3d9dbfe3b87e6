using ShareRpc.Client.Connection;
using ShareRpc.Client.Credentials;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Client.Connection;

/// <summary>What is sent, in which order, and what is on disk before it is.</summary>
public sealed class LinkRedeemerTests : IDisposable
{
    private static readonly Uri Here = new("https://share.example.org/");
    private readonly TemporaryDirectory directory = new();
    private readonly ShareLink link = new(Here, RandomId.New(), ShareToken.New(RandomId.New()));
    private readonly List<RedeemShareRequest> sent = [];
    private readonly Queue<Func<RedeemShareRequest, RedeemShareResult>> answers = new();

    private CredentialStore Store => new(directory["credentials.json"]);

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task The_grant_is_on_disk_before_the_link_is_sent_and_comes_back_without_link_and_passphrase()
    {
        ShareToken? kept = null;
        answers.Enqueue(request =>
        {
            kept = Store.FindGrant(link.Token.CapId, Here);
            return Granted(request);
        });
        await RedeemAsync(new LinkRedeemer(link, Store) { Passphrase = "open sesame" });
        Assert.Equal((link.Token.Reveal(), "open sesame"), (sent[0].Token, sent[0].Passphrase));
        Assert.Equal((kept!.CapId, kept.Digest), (sent[0].Grant!.CapId, sent[0].Grant!.TokenDigest));

        answers.Enqueue(Granted);
        await RedeemAsync(new LinkRedeemer(link, Store));
        Assert.Equal((kept.Reveal(), null, null), (sent[1].Token, sent[1].Passphrase, sent[1].Grant));
    }

    [Theory]
    [InlineData(ErrorCode.InvalidToken)]
    [InlineData(ErrorCode.RateLimited)]
    public async Task A_grant_that_never_arrived_is_named_again(ErrorCode unknown)
    {
        var redeemer = new LinkRedeemer(link, Store);
        answers.Enqueue(_ => throw new ShareRpc.Client.DisconnectedException(null));
        await Assert.ThrowsAsync<ShareRpc.Client.DisconnectedException>(() => RedeemAsync(redeemer));
        answers.Enqueue(_ => throw new ShareRpcException(unknown));
        answers.Enqueue(Granted);
        await RedeemAsync(redeemer);
        Assert.Equal([Link, Grant, Link], sent.Select(KindOf));
        Assert.Equal(sent[0].Grant, sent[2].Grant);
    }

    [Fact]
    public async Task After_a_lost_reply_the_grant_goes_first_and_the_link_is_not_used_again()
    {
        var redeemer = new LinkRedeemer(link, Store);
        answers.Enqueue(_ => throw new ShareRpc.Client.DisconnectedException(null));
        await Assert.ThrowsAsync<ShareRpc.Client.DisconnectedException>(() => RedeemAsync(redeemer));
        answers.Enqueue(Granted);
        await RedeemAsync(new LinkRedeemer(link, Store)); // another process
        Assert.Equal([Link, Grant], sent.Select(KindOf));
    }

    [Theory]
    [InlineData(ErrorCode.CapabilityRevoked)]
    [InlineData(ErrorCode.CapabilityExpired)]
    public async Task An_ended_grant_is_forgotten_and_the_link_redeemed_with_a_fresh_one(ErrorCode end)
    {
        answers.Enqueue(Granted);
        await RedeemAsync(new LinkRedeemer(link, Store));
        answers.Enqueue(_ => throw new ShareRpcException(end) { Action = ErrorAction.Redeem });
        answers.Enqueue(Granted);
        await RedeemAsync(new LinkRedeemer(link, Store));
        Assert.Equal([Link, Grant, Link], sent.Select(KindOf));
        Assert.NotEqual(sent[0].Grant, sent[2].Grant);
        Assert.Equal(sent[2].Grant!.CapId, Store.FindGrant(link.Token.CapId, Here)!.CapId);
    }

    [Fact]
    public async Task The_end_of_the_link_itself_is_the_answer()
    {
        answers.Enqueue(_ => throw new ShareRpcException(ErrorCode.CapabilityRevoked));
        ShareRpcException error = await Assert.ThrowsAsync<ShareRpcException>(
            () => RedeemAsync(new LinkRedeemer(link, Store)));
        Assert.Equal(ErrorCode.CapabilityRevoked, error.Code);
        Assert.Single(sent);
    }

    [Fact]
    public async Task A_taken_id_is_exchanged()
    {
        answers.Enqueue(_ => throw new ShareRpcException(ErrorCode.IdTaken));
        answers.Enqueue(Granted);
        await RedeemAsync(new LinkRedeemer(link, Store));
        Assert.NotEqual(sent[0].Grant!.CapId, sent[1].Grant!.CapId);
    }

    [Fact]
    public async Task A_link_that_gives_none_leaves_nothing_on_disk_and_is_asked_for_none_again()
    {
        var redeemer = new LinkRedeemer(link, Store);
        answers.Enqueue(Plain);
        answers.Enqueue(Plain);
        await RedeemAsync(redeemer);
        await RedeemAsync(redeemer);
        Assert.Empty(Store.List());
        Assert.Equal([Link, Link], sent.Select(KindOf));
        Assert.Null(sent[1].Grant);
    }

    [Fact]
    public async Task Forgetting_a_grant_keeps_what_else_is_known_of_the_link()
    {
        Store.Add(link.Token, Here, link.ShareId, "joined");
        answers.Enqueue(Plain);
        await RedeemAsync(new LinkRedeemer(link, Store));
        Assert.Equal(link.Token.Reveal(), Store.FindToken(link.Token.CapId)!.Reveal());
    }

    [Fact]
    public async Task A_grant_is_never_shown_to_another_server()
    {
        answers.Enqueue(Granted);
        await RedeemAsync(new LinkRedeemer(link, Store));
        var evil = new ShareLink(new Uri("https://evil.example.org/"), link.ShareId, ShareToken.New(link.Token.CapId));
        answers.Enqueue(Granted);
        await RedeemAsync(new LinkRedeemer(evil, Store), evil);
        Assert.Equal((evil.Token.Reveal(), false), (sent[1].Token, sent[1].Grant == sent[0].Grant));
        Assert.Equal(sent[0].Grant!.CapId, Store.FindGrant(link.Token.CapId, Here)!.CapId);
    }

    [Fact]
    public async Task Without_a_file_that_can_be_written_the_grant_is_in_memory()
    {
        await File.WriteAllTextAsync(directory["file"], "");
        var redeemer = new LinkRedeemer(link, new CredentialStore(Path.Combine(directory["file"], "credentials.json")));
        answers.Enqueue(Granted);
        answers.Enqueue(Granted);
        await RedeemAsync(redeemer);
        await RedeemAsync(redeemer);
        Assert.Equal([Link, Grant], sent.Select(KindOf));
    }

    private const string Link = "link";
    private const string Grant = "grant";

    private string KindOf(RedeemShareRequest request) => request.Token == link.Token.Reveal() ? Link : Grant;

    private Task<RedeemShareResult> RedeemAsync(LinkRedeemer redeemer, ShareLink? of = null) =>
        redeemer.RedeemAsync(new RedeemShareRequest { Token = (of ?? link).Token.Reveal() }, request =>
        {
            sent.Add(request);
            return Task.FromResult(answers.Dequeue()(request));
        });

    private static RedeemShareResult Granted(RedeemShareRequest request) => ResultOf(
        new Caveats { MaxUses = 1 }, new GrantInfo { CapId = request.Grant?.CapId ?? "known", ExpiresAtMs = 1 });

    private static RedeemShareResult Plain(RedeemShareRequest request) => ResultOf(Caveats.None, null);

    private static RedeemShareResult ResultOf(Caveats caveats, GrantInfo? grant) => new()
    {
        Share = null!, ShareId = "", CapId = "", Rights = [], Caveats = caveats, Epoch = 1, Cursor = 0,
        Limits = ProtocolLimits.Default, Grant = grant,
    };
}
