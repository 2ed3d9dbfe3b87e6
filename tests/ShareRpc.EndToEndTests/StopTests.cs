namespace ShareRpc.EndToEndTests;

public sealed class StopTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    /// <summary>
    /// A pipe that is full holds the tool up where it says that it serves: it is ready, and does not yet wait for the
    /// signal.
    /// </summary>
    [Fact]
    public async Task A_server_that_is_told_to_stop_while_it_still_says_that_it_serves_stops()
    {
        await using var world = new World();
        string serve = $"exec dotnet exec sharerpc.dll serve --data {world.PathOf("data")} "
            + $"--urls {world.Server.GetLeftPart(UriPartial.Authority)}";
        string script =
            $"{{ head -c 65536 /dev/zero; sh -c 'echo $$ > {world.PathOf("pid")}; {serve}'; echo ended $?; }} | "
            + $"{{ while [ ! -e {world.PathOf("go")} ]; do sleep 0.05; done; tr -d '\\000'; }}";
        await using Tool tool = Tool.StartExecutable(
            "/bin/sh", AppContext.BaseDirectory, new Dictionary<string, string?>(), "-c", script);
        using var http = new HttpClient { BaseAddress = world.Server };
        await Until.TrueAsync(() => IsReadyAsync(http), timeout);

        string pid = (await File.ReadAllTextAsync(world.PathOf("pid"), timeout)).Trim();
        using (System.Diagnostics.Process kill = System.Diagnostics.Process.Start("kill", ["-TERM", pid]))
            await kill.WaitForExitAsync(timeout);
        await File.WriteAllTextAsync(world.PathOf("go"), "", timeout);
        await tool.WaitForExitAsync(timeout);

        Assert.Contains(tool.Lines, line => line.StartsWith("Stopping", StringComparison.Ordinal));
        Assert.Equal("ended 0", tool.Lines[^1]);
    }

    private static async Task<bool> IsReadyAsync(HttpClient http)
    {
        try
        {
            return (await http.GetAsync(new Uri("readyz", UriKind.Relative))).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // it does not listen yet
        }
    }
}
