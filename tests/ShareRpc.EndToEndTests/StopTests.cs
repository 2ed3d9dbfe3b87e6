namespace ShareRpc.EndToEndTests;

public sealed class StopTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [Fact]
    public async Task A_server_that_is_told_to_stop_as_soon_as_it_is_ready_stops()
    {
        await using var world = new World();
        await world.StartServerAsync(null, timeout);
        Tool server = world.ServerProcess!;

        await server.TerminateAsync(timeout);

        Assert.Equal(0, server.ExitCode);
        Assert.Contains("Stopping", string.Join('\n', server.Lines), StringComparison.Ordinal);
    }
}
