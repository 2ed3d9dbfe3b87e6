using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;
using ShareRpc.Server.Memory;
using ShareRpc.Tests.Fakes;
using ShareRpc.Tests.Protocol.Wire;

namespace ShareRpc.Tests.Server;

/// <summary>A real server on a free port with limits of a test's choice, spoken to in plain JSON.</summary>
internal sealed class LiveServer : IAsyncDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly CancellationTokenSource timeout = new(TimeSpan.FromMinutes(3));
    private readonly List<WireConnection> connections = [];

    private LiveServer()
    {
    }

    public CancellationToken Timeout => timeout.Token;

    public string DataDirectory => directory["data"];

    public ShareRpcServer Server { get; private set; } = null!;

    public ShareToken RootToken { get; private set; } = null!;

    /// <summary>The server's clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What the server is told besides limits, address and data directory.</summary>
    public Func<ServerOptions, ServerOptions> More { get; init; } = options => options;

    public static async Task<LiveServer> StartAsync(
        ProtocolLimits? limits = null, ServerLimits? serverLimits = null,
        Action<WebApplicationBuilder>? configure = null,
        Func<ServerOptions, ServerOptions>? more = null, TimeSpan? patience = null, TimeProvider? time = null)
    {
        var live = new LiveServer { More = more ?? (options => options), Time = time ?? TimeProvider.System };
        if (patience is { } longer) live.timeout.CancelAfter(longer);
        await live.StartAgainAsync(limits, serverLimits, configure);
        return live;
    }

    public async Task StartAgainAsync(
        ProtocolLimits? limits = null, ServerLimits? serverLimits = null,
        Action<WebApplicationBuilder>? configure = null)
    {
        var options = new ServerOptions
        {
            DataDirectory = DataDirectory, Urls = "http://127.0.0.1:0", Limits = limits ?? ProtocolLimits.Default,
            ServerLimits = serverLimits ?? ServerLimits.Default,
        };
        Server = await ShareRpcServer.StartAsync(More(options), Time, configure ?? (_ => { }), Timeout);
        Assert.True(ShareToken.TryParse((await File.ReadAllTextAsync(Server.RootTokenPath, Timeout)).Trim(),
            out ShareToken? token));
        RootToken = token;
    }

    public async Task<WireConnection> ConnectAsync()
    {
        WireConnection connection = await WireConnection.ConnectAsync(Server.Address, Timeout);
        connections.Add(connection);
        return connection;
    }

    public async Task<WireHandle> RedeemRootAsync(WireConnection? connection = null)
    {
        connection ??= await ConnectAsync();
        var result = await connection.ResultAsync("redeemRoot", $$"""{"token":"{{RootToken.Reveal()}}"}""");
        return new WireHandle(connection, result.GetProperty("root").GetProperty("handle").GetInt64(), result);
    }

    public async Task<WireHandle> RedeemShareAsync(ShareToken token, WireConnection? connection = null,
        string more = "")
    {
        connection ??= await ConnectAsync();
        var result = await connection.ResultAsync("redeemShare", $$"""{"token":"{{token.Reveal()}}"{{more}}}""");
        return new WireHandle(connection, result.GetProperty("share").GetProperty("handle").GetInt64(), result);
    }

    /// <summary>A new share; its owner's token.</summary>
    public async Task<ShareToken> CreateShareAsync()
    {
        ShareToken token = ShareToken.New(RandomId.New());
        WireHandle root = await RedeemRootAsync();
        await root.ResultAsync(
            "createShare",
            $$"""{"share_id":"{{RandomId.New()}}","cap_id":"{{token.CapId}}","token_digest":"{{token.Digest}}"}""");
        return token;
    }

    /// <summary>A child of a ref; its token.</summary>
    public static async Task<ShareToken> AttenuateAsync(
        WireHandle parent, Rights rights, string? caveats = null, string? passphrase = null)
    {
        ShareToken token = ShareToken.New(RandomId.New());
        string names = string.Join(',', rights.ToNames().Select(name => $"\"{name}\""));
        string more = caveats is null ? "" : $",\"caveats\":{caveats}";
        if (passphrase is not null) more += $",\"passphrase_digest\":\"{Passphrase.DigestOf(token, passphrase)}\"";
        await parent.ResultAsync(
            "attenuate",
                $$"""{"cap_id":"{{token.CapId}}","token_digest":"{{token.Digest}}","rights":[{{names}}]{{more}}}""");
        return token;
    }

    /// <summary>
    /// A handle to read by whose ref expires in a second, or later where the machine is slow to open it.
    /// </summary>
    public async Task<(ShareToken Token, WireHandle Reader)> RedeemExpiringAsync(WireHandle owner)
    {
        for (int seconds = 1; ; seconds *= 2)
        {
            long end = Time.GetUtcNow().AddSeconds(seconds).ToUnixTimeMilliseconds();
            ShareToken token = await AttenuateAsync(
                owner, Rights.Read, string.Create(CultureInfo.InvariantCulture, $$"""{"expires_at_ms":{{end}}}"""));
            WireConnection connection = await ConnectAsync();
            JsonElement answer = await connection.CallAsync("redeemShare", $$"""{"token":"{{token.Reveal()}}"}""");
            if (!answer.TryGetProperty("result", out JsonElement result)) continue;
            long handle = result.GetProperty("share").GetProperty("handle").GetInt64();
            return (token, new WireHandle(connection, handle, result));
        }
    }

    public static string Batch(string opId) =>
        $$"""{"batch_id":"b","ops":[{"op_id":"{{opId}}","verb":"put","kind":"part","data":{},"key":"{{opId}}"} ]}""";

    /// <summary>Breaks the connections that were made here.</summary>
    public void CloseConnections()
    {
        foreach (WireConnection connection in connections) connection.Dispose();
        connections.Clear();
    }

    /// <summary>Closes the connections, and ends once nothing is kept for anybody.</summary>
    public Task AssertNoMemoryIsHeldAsync()
    {
        CloseConnections();
        return UntilAsync(memory => memory.Used == 0);
    }

    /// <summary>Ends once the memory budget is as asked.</summary>
    public async Task UntilAsync(Func<MemoryBudget, bool> isReached)
    {
        var budget = Server.App.Services.GetRequiredService<MemoryBudget>();
        while (!isReached(budget))
        {
            Assert.False(Timeout.IsCancellationRequested, $"{budget.Used} bytes are held");
            await Task.Yield();
        }
    }

    public async ValueTask DisposeAsync()
    {
        CloseConnections();
        await Server.DisposeAsync();
        timeout.Dispose();
        directory.Dispose();
    }
}
