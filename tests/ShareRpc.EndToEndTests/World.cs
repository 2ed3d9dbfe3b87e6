namespace ShareRpc.EndToEndTests;

/// <summary>
/// A server process and client state in a temporary directory, all of which survive any number of kills.
/// </summary>
internal sealed class World : IAsyncDisposable
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(2) };
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sharerpc-e2e-");
    private readonly HeldPort port = new();

    public Uri Server => port.Address;

    public Tool? ServerProcess { get; private set; }

    public string TokenFile => Path.Combine(directory.FullName, "data", "root.token");

    /// <summary>A path inside the temporary directory.</summary>
    public string PathOf(string name) => Path.Combine(directory.FullName, name);

    /// <summary>Starts the server, with a named fault if any, and waits until it is ready.</summary>
    public Task StartServerAsync(string? fault, CancellationToken cancellationToken) =>
        StartServerAsync(FaultOf(fault), [], cancellationToken);

    /// <summary>
    /// Starts the server with further options, in an environment with these variables, and waits until it is ready.
    /// </summary>
    public async Task StartServerAsync(
        IReadOnlyDictionary<string, string>? environment, string[] options, CancellationToken cancellationToken)
    {
        ServerProcess = Tool.Start(
            environment,
            ["serve", "--data", PathOf("data"), "--urls", Server.GetLeftPart(UriPartial.Authority), .. options]);
        await Until.TrueAsync(IsReadyOrGoneAsync, cancellationToken);
        if (ServerProcess.HasExited) Assert.Fail($"exit code {ServerProcess.ExitCode}: {ServerProcess.Errors}");
    }

    /// <summary>Starts `sharerpc VERB` with the server, the token and the client state of this world.</summary>
    public Tool StartClient(string? fault, string verb, params string[] arguments) =>
        Tool.Start(FaultOf(fault), [verb, "--server", Server.GetLeftPart(
            UriPartial.Authority), "--token-file", TokenFile, "--state", PathOf("state"), .. arguments]);

    /// <summary>Runs one to its end.</summary>
    public async Task<Tool> RunClientAsync(string verb, string[] arguments, CancellationToken cancellationToken)
    {
        Tool tool = StartClient(null, verb, arguments);
        await tool.WaitForExitAsync(cancellationToken);
        return tool;
    }

    public async ValueTask DisposeAsync()
    {
        if (ServerProcess is not null) await ServerProcess.DisposeAsync();
        port.Dispose();
        directory.Delete(recursive: true);
    }

    private static Dictionary<string, string>? FaultOf(string? fault) =>
        fault is null ? null : new Dictionary<string, string> { ["SHARERPC_FAULT"] = fault };

    private async Task<bool> IsReadyOrGoneAsync()
    {
        if (ServerProcess!.HasExited) return true;
        try
        {
            using HttpResponseMessage response = await Http.GetAsync(new Uri(Server, "/readyz"));
            return response.IsSuccessStatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }
}
