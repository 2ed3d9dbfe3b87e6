using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Access;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Access.Changes;

public sealed class CapabilityAdminTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task A_repeated_createShare_is_answered_alike_and_any_other_parameter_is_id_taken()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        ShareToken token = ShareToken.New(RandomId.New());
        ShareToken other = ShareToken.New(RandomId.New());
        var request = new CreateShareRequest { ShareId = RandomId.New(), CapId = token.CapId,
            TokenDigest = token.Digest, Label = "one" };
        CapabilityCreated first = await rooms.Admin.CreateShareAsync(rooms.Root, request);
        Assert.Equal(first, await rooms.Admin.CreateShareAsync(rooms.Root, request));

        CreateShareRequest[] others =
        [
            request with { Label = "two" }, request with { Label = null }, request with { TokenDigest = other.Digest },
            request with { CapId = other.CapId }, request with { ShareId = RandomId.New() },
        ];
        foreach (CreateShareRequest different in others)
        {
            Assert.Equal(ErrorCode.IdTaken, await CodeAsync(() => rooms.Admin.CreateShareAsync(rooms.Root, different)));
        }

        Authority creator = await rooms.RedeemAsync(await rooms.AttenuateAsync(rooms.Root, RightsNames.Creator));
        Assert.Equal(ErrorCode.IdTaken, await CodeAsync(() => rooms.Admin.CreateShareAsync(creator, request)));
        Assert.Single((await rooms.Lists.ListSharesAsync(rooms.Root, new PageRequest())).Shares);
        Assert.Single((await rooms.Lists.ListAuditAsync(rooms.Root, new AuditRequest())).Entries,
            entry => entry.Action == "create_share");
    }

    [Fact]
    public async Task A_repeated_attenuate_is_answered_alike_and_any_other_parameter_is_id_taken()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        ShareToken token = ShareToken.New(RandomId.New());
        long expires = rooms.Clock.GetUtcNow().ToUnixTimeMilliseconds() + 60_000;
        var request = new AttenuateRequest
        {
            CapId = token.CapId, TokenDigest = token.Digest, Rights = RightsNames.Owner.ToNames(),
            Caveats = new Caveats { ExpiresAtMs = expires }, Label = "one",
        };
        CapabilityCreated first = await rooms.Admin.AttenuateAsync(owner, request);
        Assert.Equal(first, await rooms.Admin.AttenuateAsync(owner, request));

        AttenuateRequest[] others =
        [
            request with { Label = "two" }, request with { TokenDigest = ShareToken.New(token.CapId).Digest },
            request with { Rights = ["read"] },
            request with { Caveats = null }, request with { Caveats = new Caveats { ExpiresAtMs = expires + 1 } },
        ];
        foreach (AttenuateRequest different in others)
        {
            Assert.Equal(ErrorCode.IdTaken, await CodeAsync(() => rooms.Admin.AttenuateAsync(owner, different)));
        }
        Authority child = await rooms.RedeemAsync(token);
        Assert.Equal(ErrorCode.IdTaken, await CodeAsync(() => rooms.Admin.AttenuateAsync(child, request)));

        await rooms.Admin.RevokeAsync(owner, new RevokeCapabilityRequest { CapId = token.CapId });
        Assert.Equal(2, (await rooms.Admin.AttenuateAsync(owner, request)).Epoch);
        Assert.Equal(ErrorCode.CapabilityRevoked, await CodeAsync(() => rooms.RedeemAsync(token)));
    }

    [Fact]
    public async Task A_repeated_revocation_answers_the_same_epoch()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        ShareToken token = await rooms.AttenuateAsync(owner, Rights.Read);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(2,
                (await rooms.Admin.RevokeAsync(owner, new RevokeCapabilityRequest { CapId = token.CapId })).Epoch);
        }

        Assert.Single((await rooms.Lists.ListAuditAsync(owner, new AuditRequest())).Entries,
            entry => entry.Action == "revoke");
    }

    [Fact]
    public async Task A_revocation_that_the_disk_does_not_take_denies_at_once_and_is_repeated_until_it_does()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        ShareToken token = await rooms.AttenuateAsync(owner, RightsNames.Owner);
        Authority child = await rooms.RedeemAsync(token);
        ShareToken grandchildToken = await rooms.AttenuateAsync(child, Rights.Append);
        Authority grandchild = await rooms.RedeemAsync(grandchildToken);
        var request = new RevokeCapabilityRequest { CapId = token.CapId };

        rooms.Store.Break();
        ShareRpcException error = await Assert.ThrowsAsync<ShareRpcException>(
            () => rooms.Admin.RevokeAsync(owner, request).WaitAsync(timeout));

        Assert.Equal((ErrorCode.RevocationNotDurable, true), (error.Code, error.IsTransient));
        rooms.Store.Repair();
        Assert.Null((await (await rooms.Store.BeginReadAsync()).FindRefAsync(token.CapId))!.RevokedMs);
        foreach (Authority denied in new[] { child, grandchild })
        {
            Assert.Equal(ErrorCode.CapabilityRevoked,
                await CodeAsync(() => rooms.AppendAsync(denied, ServerRooms.Put("a"))));
        }

        foreach (ShareToken dead in new[] { token, grandchildToken })
        {
            Assert.Equal(ErrorCode.CapabilityRevoked, await CodeAsync(() => rooms.RedeemAsync(dead)));
        }

        Assert.Equal(2, (await rooms.Admin.RevokeAsync(owner, request).WaitAsync(timeout)).Epoch);
        Assert.NotNull((await (await rooms.Store.BeginReadAsync()).FindRefAsync(token.CapId))!.RevokedMs);
        Assert.Equal(ErrorCode.CapabilityRevoked, await CodeAsync(() => rooms.RedeemAsync(grandchildToken)));
    }

    [Fact]
    public async Task A_ref_that_gave_itself_up_on_a_full_disk_can_say_so_again()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority viewer =
            await rooms.RedeemAsync(await rooms.AttenuateAsync(await rooms.CreateShareAsync(), Rights.Read));
        var request = new RevokeCapabilityRequest { CapId = viewer.Ref.CapId };
        rooms.Store.Break();
        Assert.Equal(ErrorCode.RevocationNotDurable, await CodeAsync(() => rooms.Admin.RevokeAsync(viewer, request)));
        rooms.Store.Repair();
        Assert.Equal(2, (await rooms.Admin.RevokeAsync(viewer, request)).Epoch);
    }

    [Fact]
    public async Task A_share_whose_deletion_the_disk_does_not_take_lives_on()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        var request = new DeleteShareRequest { ShareId = owner.ShareId! };
        rooms.Store.Break();
        Assert.Equal(ErrorCode.StorageUnavailable,
            await CodeAsync(() => rooms.Admin.DeleteShareAsync(rooms.Root, request)));
        rooms.Store.Repair();
        Assert.Equal(1, (await rooms.AppendAsync(owner, ServerRooms.Put("a"))).Cursor);

        Assert.True(await rooms.Admin.DeleteShareAsync(rooms.Root, request));
        Assert.True(await rooms.Admin.DeleteShareAsync(rooms.Root, request));
        Assert.Equal(ErrorCode.ShareDeleted, await CodeAsync(() => rooms.AppendAsync(owner, ServerRooms.Put("b"))));
    }

    [Fact]
    public async Task A_deleted_share_is_erased_in_the_background_and_its_read_ends()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        long share = owner.Ref.ShareKey!.Value;
        await rooms.AppendAsync(owner, [.. Enumerable.Range(0, 900).Select(i => ServerRooms.Put($"k{i}"))]);
        await rooms.Folder.FoldShareAsync(share);
        ShareFeed feed = rooms.Broadcaster.Acquire(share);
        Task<OpPage> reading =
            rooms.Reads.ReadAsync(owner, feed, new ReadOpsRequest { After = 900, WaitMs = 30_000 }, timeout);
        using var erasing = new CancellationTokenSource();
        Task eraser = rooms.Eraser.RunAsync(() => { }, erasing.Token);

        await rooms.Admin.DeleteShareAsync(rooms.Root, new DeleteShareRequest { ShareId = owner.ShareId! });

        Assert.Equal(ErrorCode.ShareDeleted, await CodeAsync(() => reading.WaitAsync(timeout)));
        while (true)
        {
            await using IReadSnapshot snapshot = await rooms.Store.BeginReadAsync();
            if (await snapshot.FindUnerasedShareAsync() is null) break;
            rooms.Clock.Advance(rooms.Limits.StorageRetryAfter); // this look may have kept the log
            await Task.Yield();
        }

        await using (IReadSnapshot snapshot = await rooms.Store.BeginReadAsync())
            Assert.Equal(0, await snapshot.ReadHeadAsync(share));
        await erasing.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => eraser);
    }

    [Fact]
    public async Task What_was_queued_before_its_ref_was_revoked_does_not_happen_after()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        ShareToken token = await rooms.AttenuateAsync(rooms.Root, RightsNames.Creator);
        Authority creator = await rooms.RedeemAsync(token);
        Authority owner = await rooms.CreateShareAsync(creator);
        Task<bool> delete = await rooms.HoldUpAsync(
            () =>
            {
                Task<bool> queued =
                    rooms.Admin.DeleteShareAsync(creator, new DeleteShareRequest { ShareId = owner.ShareId! });
                _ = rooms.Admin.RevokeAsync(rooms.Root, new RevokeCapabilityRequest { CapId = token.CapId });
                return queued;
            },
            timeout);

        Assert.Equal(ErrorCode.CapabilityRevoked, await CodeAsync(() => delete.WaitAsync(timeout)));
        Assert.Equal(ShareState.Active,
            (await (await rooms.Store.BeginReadAsync()).FindShareAsync(owner.ShareId!))!.State);
    }

    private static async Task<ErrorCode> CodeAsync<T>(Func<Task<T>> call) =>
        (await Assert.ThrowsAsync<ShareRpcException>(call)).Code;
}
