using ShareRpc.Server;
using ShareRpc.Server.Http;

namespace ShareRpc.Tests.Server.Http;

public sealed class HeldBytesTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    [Fact]
    public async Task Who_finds_no_room_waits_and_is_let_in_in_order()
    {
        var held = new HeldBytes(new ServerLimits { HttpHeldBytes = 100 });
        HeldBytes.Hold first = await held.TakeAsync(60, timeout);
        HeldBytes.Hold second = await held.TakeAsync(40, timeout);
        Task<HeldBytes.Hold> large = held.TakeAsync(80, timeout);
        Task<HeldBytes.Hold> small = held.TakeAsync(1, timeout);
        Assert.False(large.IsCompleted);
        Assert.False(small.IsCompleted); // or a large one would wait for ever

        first.Dispose();
        Assert.False(large.IsCompleted);
        second.Dispose();
        await large.WaitAsync(timeout);
        await small.WaitAsync(timeout);
    }

    [Fact]
    public async Task More_than_there_ever_is_takes_everything()
    {
        var held = new HeldBytes(new ServerLimits { HttpHeldBytes = 100 });
        using (await held.TakeAsync(1_000, timeout)) Assert.False(held.TakeAsync(1, timeout).IsCompleted);
    }

    [Fact]
    public async Task Who_stops_waiting_takes_nobodys_place()
    {
        var held = new HeldBytes(new ServerLimits { HttpHeldBytes = 100 });
        HeldBytes.Hold first = await held.TakeAsync(100, timeout);
        using var leaving = new CancellationTokenSource();
        Task<HeldBytes.Hold> gone = held.TakeAsync(100, leaving.Token);
        Task<HeldBytes.Hold> next = held.TakeAsync(100, timeout);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        Assert.False(next.IsCompleted);
        first.Dispose();
        (await next.WaitAsync(timeout)).Dispose();
        (await held.TakeAsync(100, timeout).WaitAsync(timeout)).Dispose();
    }
}
