using ShareRpc.Protocol.Errors;
using ShareRpc.Server;
using ShareRpc.Server.Search;

namespace ShareRpc.Tests.Server.Search;

public sealed class SearchTurnsTests
{
    private readonly SearchTurns turns = new(ServerLimits.Default with { Searches = 2, WaitingSearches = 4 });

    [Fact]
    public async Task One_search_of_a_capability_runs_and_others_pass_those_of_it_that_wait()
    {
        await EnterAsync(1);
        Task second = EnterAsync(1);
        await EnterAsync(2);
        Task third = EnterAsync(3);
        Assert.False(second.IsCompleted || third.IsCompleted);
        turns.Leave(2);
        await third;
        Assert.False(second.IsCompleted);
        turns.Leave(1);
        await second;
    }

    [Fact]
    public async Task What_is_more_than_may_wait_is_overloaded()
    {
        await EnterAsync(1);
        Task waits = EnterAsync(1);
        Assert.Equal(ErrorCode.Overloaded, await RefusalAsync(1)); // a quarter of those that wait
        await EnterAsync(2);
        Task[] others = [.. Enumerable.Range(3, 3).Select(EnterAsync)];
        Assert.Equal(ErrorCode.Overloaded, await RefusalAsync(9));
        turns.Leave(1);
        await waits;
        Assert.All(others, other => Assert.False(other.IsCompleted));
    }

    [Fact]
    public async Task Who_goes_away_while_waiting_leaves_its_place()
    {
        await EnterAsync(1);
        using var gone = new CancellationTokenSource();
        Task waits = turns.EnterAsync(1, gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits);
        Task next = EnterAsync(1);
        turns.Leave(1);
        await next;
    }

    private Task EnterAsync(int refKey) => turns.EnterAsync(refKey, CancellationToken.None);

    private async Task<ErrorCode> RefusalAsync(int refKey) =>
        (await Assert.ThrowsAsync<ShareRpcException>(() => EnterAsync(refKey))).Code;
}
