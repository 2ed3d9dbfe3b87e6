using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Tests.Protocol.Wire;

namespace ShareRpc.Tests.Server.Maintenance;

/// <summary>Who looked, who was refused, who appended: summed up, bounded, and shown to whom it concerns.</summary>
public sealed class AuditTests
{
    private const string Here = "192.0.2.1";
    private const string There = "192.0.2.2";

    [Fact]
    public async Task Redemptions_refusals_and_appends_are_summed_up_per_ref_address_and_minute()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        ShareToken guest =
            await rooms.AttenuateAsync(owner, Rights.Read | Rights.Append, new Caveats { AppendKinds = ["part"] });
        foreach (string address in new[] { Here, Here, There }) await rooms.RedeemAsync(guest, address: address);
        Authority writer = await rooms.RedeemAsync(guest, address: Here);
        await rooms.AppendAsync(writer, ServerRooms.Put("a", """{"v":1}"""), ServerRooms.Put("b"));
        await rooms.AppendAsync(writer, ServerRooms.Put("c"), ServerRooms.Put("d") with { Kind = "todo" });
        await rooms.Admin.RevokeAsync(owner, new RevokeCapabilityRequest { CapId = guest.CapId });
        for (int i = 0; i < 2; i++)
            await RefusedAsync(ErrorCode.CapabilityRevoked, () => rooms.RedeemAsync(guest, address: There));
        Assert.Equal(Now(rooms), await LastRedeemedAsync(rooms, owner, guest)); // known before it is written
        await rooms.Audit.WriteAsync();

        AuditEntry[] entries = [.. (await rooms.Lists.ListAuditAsync(owner, new AuditRequest())).Entries.Where(
            entry => entry.Actor == guest.CapId)];
        Assert.Equal(
            ["redeem 192.0.2.1 x3  ", "redeem 192.0.2.2 x1  ", "append  x3  11",
                "refused 192.0.2.2 x2 capability_revoked "],
            entries.Select(entry => $"{entry.Action} {entry.Address} x{entry.Count} {entry.Code} {entry.Bytes}"));
        Assert.Equal(Now(rooms), await LastRedeemedAsync(rooms, owner, guest));
    }

    [Fact]
    public async Task The_last_redemption_is_known_while_it_is_written()
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        Task writing = await rooms.HoldUpAsync(() =>
        {
            Task write = rooms.Audit.WriteAsync();
            Assert.Equal(Now(rooms), rooms.Audit.LastRedeemedMs(owner.Ref.Key));
            return write;
        }, timeout.Token, breaks: true);
        await writing;
        Assert.Equal(Now(rooms), rooms.Audit.LastRedeemedMs(owner.Ref.Key)); // kept: it could not be written
        rooms.Store.Repair();
        await rooms.Audit.WriteAsync();
        Assert.Null(rooms.Audit.LastRedeemedMs(owner.Ref.Key));
    }

    [Fact]
    public async Task Wrong_tokens_are_nobody_s_and_shown_to_root_only()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        Authority creator = await rooms.RedeemAsync(await rooms.AttenuateAsync(rooms.Root, RightsNames.Creator));
        await RefusedAsync(ErrorCode.InvalidToken,
            () => rooms.RedeemAsync(ShareToken.New(RandomId.New()), address: Here));
        await RefusedAsync(ErrorCode.InvalidToken,
            () => rooms.RedeemAsync(ShareToken.New(owner.Ref.CapId), address: Here));
        await rooms.Audit.WriteAsync();
        AuditEntry seen = Assert.Single((await rooms.Lists.ListAuditAsync(rooms.Root, new AuditRequest())).Entries,
            entry => entry.Action == "refused");
        Assert.Equal((null, null, Here, "invalid_token", 2L),
            (seen.Actor, seen.ShareId, seen.Address, seen.Code, seen.Count));
        foreach (Authority other in new[] { owner, creator })
        {
            Assert.DoesNotContain((await rooms.Lists.ListAuditAsync(other, new AuditRequest())).Entries,
                entry => entry.Action == "refused");
        }
    }

    [Theory]
    [InlineData(1, 2, 0)]
    [InlineData(2, 2, 0)]
    [InlineData(3, 2, 1)]
    [InlineData(9, 9, 1, 2)]
    public async Task Beyond_the_bounds_sums_lose_their_address_and_nothing_else(
        int addresses, int bound, int withoutAddress, int ofOneRef = 9)
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync(
            ServerLimits.Default with { AuditSums = bound, AuditAddresses = ofOneRef });
        await rooms.Audit.WriteAsync();
        for (int i = 0; i < addresses; i++)
        {
            await RefusedAsync(ErrorCode.InvalidToken,
                () => rooms.RedeemAsync(ShareToken.New(RandomId.New()), address: $"192.0.2.{i}"));
        }

        await rooms.Audit.WriteAsync();
        AuditEntry[] refused =
            [.. (await rooms.Lists.ListAuditAsync(rooms.Root, new AuditRequest())).Entries.Where(
                entry => entry.Action == "refused")];
        Assert.Equal(addresses, refused.Sum(entry => entry.Count));
        Assert.Equal(withoutAddress, refused.Count(entry => entry.Address is null));
    }

    [Fact]
    public async Task What_the_disk_did_not_take_is_written_when_it_is_back()
    {
        using ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        rooms.Store.Break();
        await rooms.Audit.WriteAsync();
        rooms.Store.Repair();
        await rooms.Audit.WriteAsync();
        Assert.Equal(1, Assert.Single(
            (await rooms.Lists.ListAuditAsync(owner, new AuditRequest())).Entries, entry =>
                entry.Action == "redeem").Count);
    }

    [Fact]
    public async Task An_orderly_stop_loses_none_of_it()
    {
        await using LiveServer live = await LiveServer.StartAsync();
        ShareToken owner = await live.CreateShareAsync();
        WireHandle handle = await live.RedeemShareAsync(owner);
        await handle.ResultAsync("appendOps", LiveServer.Batch("a"));
        await live.Server.DisposeAsync();
        await live.StartAgainAsync();
        WireHandle again = await live.RedeemShareAsync(owner);
        string audit = (await again.ResultAsync("listAudit", "{}")).GetRawText();
        Assert.Contains("\"action\":\"redeem\"", audit, StringComparison.Ordinal);
        Assert.Contains("\"address\":\"127.0.0.1\"", audit, StringComparison.Ordinal);
        Assert.Contains("\"action\":\"append\"", audit, StringComparison.Ordinal);
    }

    private static long Now(ServerRooms rooms) => rooms.Clock.GetUtcNow().ToUnixTimeMilliseconds();

    private static async ValueTask<long?> LastRedeemedAsync(ServerRooms rooms, Authority owner, ShareToken token) =>
        Assert.Single(
        (await rooms.Lists.ListCapabilitiesAsync(owner, new CapabilityListRequest())).Capabilities, one =>
            one.CapId == token.CapId).LastRedeemedMs;

    private static async Task RefusedAsync(ErrorCode code, Func<Task> call) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<ShareRpcException>(call)).Code);
}
