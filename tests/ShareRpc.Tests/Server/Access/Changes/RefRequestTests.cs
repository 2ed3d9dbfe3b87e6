using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Access.Changes;
using ShareRpc.Server.Storage;
using ShareRpc.Tests.Server.Storage;

namespace ShareRpc.Tests.Server.Access.Changes;

public sealed class RefRequestTests
{
    [Fact]
    public void Invariant_I6_rights_never_widen_along_the_parent_chain()
    {
        for (int parent = 0; parent < 64; parent++)
        {
            RefRow row = Seed.Ref(rights: (Rights)parent);
            for (int asked = 1; asked < 64; asked++)
            {
                bool isSubset = (asked & ~parent) == 0;
                var refused = Record.Exception(
                    () => Assert.Equal((Rights)asked, Child(row, Ask((Rights)asked)).Rights)) as ShareRpcException;
                Assert.Equal(isSubset ? null : ErrorCode.Forbidden, refused?.Code);
            }
        }
    }

    [Fact]
    public void Unknown_rights_and_none_at_all_are_no_request()
    {
        foreach (string[] rights in new string[][] { [], ["Read"], ["read", "write"], ["read", null!] })
        {
            Assert.Equal(ErrorCode.InvalidParams,
                Code(() => Child(Seed.Ref(), Ask(Rights.Read) with { Rights = rights })));
        }

        Assert.Equal(ErrorCode.InvalidParams, Code(() => Child(Seed.Ref(), Ask(Rights.Read) with { Rights = null! })));
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData(null, 5L, 5L)]
    [InlineData(5L, null, 5L)]
    [InlineData(5L, 3L, 3L)]
    [InlineData(5L, 9L, 5L)]
    public void Caveats_are_joined_with_the_parents(long? parent, long? asked, long? joined)
    {
        RefRow row = Seed.Ref() with { Caveats = new Caveats { ExpiresAtMs = parent } };
        Assert.Equal(joined,
            Child(row, Ask(Rights.Read) with { Caveats = new Caveats { ExpiresAtMs = asked } }).Caveats.ExpiresAtMs);
    }

    [Fact]
    public void A_chain_is_as_deep_as_the_limit_says()
    {
        int limit = ProtocolLimits.Default.ChainDepth;
        Assert.Equal(limit, Child(Seed.Ref() with { Depth = limit - 1 }, Ask(Rights.Read)).Depth);
        Assert.Equal(ErrorCode.Forbidden, Code(() => Child(Seed.Ref() with { Depth = limit }, Ask(Rights.Read))));
    }

    [Fact]
    public void A_child_is_of_its_parents_share_and_epoch()
    {
        RefRow child = Child(Seed.Ref(shareKey: 9) with { Key = 4, Epoch = 3 }, Ask(Rights.Read));
        Assert.Equal((9, 4, 3, 1), (child.ShareKey, child.ParentKey, child.ParentEpoch, child.Epoch));
    }

    [Fact]
    public void Ids_digests_and_labels_have_their_forms()
    {
        ShareToken token = ShareToken.New(RandomId.New());
        RefRequest.CheckIds(token.CapId, token.Digest, null);
        RefRequest.CheckIds(token.CapId, token.Digest, new string('x', 200));
        Assert.All(
            new Action[]
            {
                () => RefRequest.CheckIds("short", token.Digest, null),
                () => RefRequest.CheckIds(null!, token.Digest, null),
                () => RefRequest.CheckIds(token.CapId, null!, null),
                () => RefRequest.CheckIds(token.CapId, token.Digest.ToUpperInvariant(), null),
                () => RefRequest.CheckIds(token.CapId, token.Digest, new string('x', 201)),
                () => RefRequest.CheckIds(token.CapId, token.Digest, "a\nb"),
            },
            call => Assert.Equal(ErrorCode.InvalidParams, Code(call)));
    }

    private static AttenuateRequest Ask(Rights rights) =>
        new() { CapId = RandomId.New(), TokenDigest = "", Rights = rights.ToNames() };

    private static RefRow Child(RefRow parent, AttenuateRequest request) =>
        RefRequest.ChildOf(parent, request, [], 1, ProtocolLimits.Default);

    private static ErrorCode Code(Action call) => Assert.Throws<ShareRpcException>(call).Code;
}
