using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access;
using ShareRpc.Server.Storage;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Server.Storage;

namespace ShareRpc.Tests.Server.Access;

public sealed class AuthorityRegistryTests
{
    private readonly AuthorityRegistry registry = new();
    private readonly ManualTimeProvider clock = new();

    [Fact]
    public void Denying_a_ref_denies_its_descendants_that_are_registered_and_nobody_else()
    {
        using Authority parent = Live(2, 1);
        using Authority child = Live(3, 2, 1);
        using Authority cousin = Live(4, 1);

        registry.Deny(2, ErrorCode.CapabilityRevoked);

        Assert.Equal([ErrorCode.CapabilityRevoked, ErrorCode.CapabilityRevoked, null],
            new[] { parent, child, cousin }.Select(Denied));
        Assert.Equal([true, true, false],
            new[] { parent, child, cousin }.Select(authority => authority.Denied.IsCancellationRequested));
    }

    [Fact]
    public void Who_registers_after_a_denial_is_denied_until_the_disk_has_it()
    {
        registry.Deny(2, ErrorCode.CapabilityRevoked);
        using Authority child = Live(3, 2, 1);
        Assert.Equal(ErrorCode.CapabilityRevoked, Denied(child));

        registry.Settle(2);

        Assert.Equal(ErrorCode.CapabilityRevoked, Denied(child));
        using Authority later = Live(3, 2, 1);
        Assert.Null(Denied(later)); // from here on the row denies
    }

    [Fact]
    public void The_first_reason_stands()
    {
        using Authority authority = Live(3, 2, 1);
        registry.Deny(3, ErrorCode.ShareDeleted);
        registry.Deny(2, ErrorCode.CapabilityRevoked);
        Assert.Equal(ErrorCode.ShareDeleted, Denied(authority));
    }

    [Fact]
    public void Live_handles_are_counted_by_ref_and_by_share()
    {
        using Authority owner = Live(2, 1);
        Authority viewer = Live(3, 2, 1);
        using Authority again = Live(3, 2, 1);
        Assert.Equal((1, 2, 0), (registry.CountOf(2), registry.CountOf(3), registry.CountOf(1)));
        Assert.Equal((3, 0), (registry.CountOnShare(7, 2), registry.CountOnShare(8, 2)));

        registry.Remove(viewer);
        registry.Remove(viewer);
        viewer.Dispose();

        Assert.Equal((1, 2), (registry.CountOf(3), registry.CountOnShare(7, 2)));
        registry.Deny(3, ErrorCode.CapabilityRevoked);
    }

    [Fact]
    public async Task Whoever_comes_in_while_a_denial_runs_is_denied_too()
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        for (int round = 0; round < 200; round++)
        {
            int parent = 1_000 + round;
            Task<Authority> coming = Task.Run(() => Live(3, parent, 1), timeout.Token);
            Task denying = Task.Run(() => registry.Deny(parent, ErrorCode.CapabilityRevoked), timeout.Token);
            using Authority authority = await coming;
            await denying;
            Assert.Equal(ErrorCode.CapabilityRevoked, Denied(authority));
        }
    }

    private static ErrorCode? Denied(Authority authority) =>
        (Record.Exception(() => authority.Demand(Rights.Read)) as ShareRpcException)?.Code;

    private Authority Live(params long[] chain)
    {
        RefRow[] rows = [.. chain.Select(key => Seed.Ref(shareKey: 7) with { Key = key })];
        var authority = new Authority(rows[0], rows, "share", clock);
        registry.Add(authority);
        return authority;
    }
}
