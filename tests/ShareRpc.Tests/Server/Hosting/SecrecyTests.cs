using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Protocol.Wire;

namespace ShareRpc.Tests.Server.Hosting;

public sealed class SecrecyTests
{
    private const string RightPassphrase = "correct-horse-battery";
    private const string WrongPassphrase = "incorrect-horse-battery";

    [Fact]
    public async Task Invariant_I10_no_token_in_logs_or_database()
    {
        using var logs = new CapturedLogs();
        await using LiveServer live = await LiveServer.StartAsync(configure: builder =>
        {
            builder.Logging.SetMinimumLevel(LogLevel.Trace);
            builder.Services.AddSingleton<ILoggerProvider>(logs);
        });
        ShareToken unknown = ShareToken.New(RandomId.New());
        ShareToken owner = await live.CreateShareAsync();
        WireHandle handle = await live.RedeemShareAsync(owner, more: $$""","writer_id":"{{RandomId.New()}}" """);
        ShareToken viewer = await LiveServer.AttenuateAsync(handle, Rights.Read);
        ShareToken revoked = await LiveServer.AttenuateAsync(handle, Rights.Read);
        WireHandle dead = await live.RedeemShareAsync(revoked);
        await handle.ResultAsync("revokeCapability", $$"""{"cap_id":"{{revoked.CapId}}"}""");
        await dead.CallAsync("readOps", "{}");
        await handle.ResultAsync(
            "appendOps",
            """{"batch_id":"b","ops":[{"op_id":"a","seq":1,"verb":"put","kind":"part","key":"k","data":{}}]}""");

        foreach (ShareToken token in new[] { unknown, owner, viewer, revoked, live.RootToken })
            await MisuseAsync(live, token.Reveal());
        ShareToken grant = await RedeemWithPassphraseAsync(live, handle);
        await MisuseAsync(live, grant.Reveal());
        await live.Server.DisposeAsync();

        ShareToken[] tokens = [unknown, owner, viewer, revoked, live.RootToken, grant];
        string[] secrets = [.. tokens.Select(token => token.Reveal()[28..71]), RightPassphrase, WrongPassphrase];
        Assert.NotEmpty(logs.Lines);
        Assert.All(secrets,
            secret => Assert.DoesNotContain(logs.Lines, line => line.Contains(secret, StringComparison.Ordinal)));
        IEnumerable<string> all = Directory.EnumerateFiles(live.DataDirectory, "*", SearchOption.AllDirectories);
        string[] files = [.. all.Where(file => file != live.Server.RootTokenPath)];
        Assert.Contains(files, file => file.EndsWith("shares.db", StringComparison.Ordinal));
        foreach (string file in files)
        {
            byte[] content = await File.ReadAllBytesAsync(file, live.Timeout);
            bool IsIn(string secret) => content.AsSpan().IndexOf(Encoding.ASCII.GetBytes(secret)) >= 0;
            Assert.False(secrets.Any(IsIn), $"a secret is in {file}");
        }
    }

    private static async Task<ShareToken> RedeemWithPassphraseAsync(LiveServer live, WireHandle owner)
    {
        ShareToken token = ShareToken.New(RandomId.New());
        await owner.ResultAsync("attenuate", $$"""
            {"cap_id":"{{token.CapId}}","token_digest":"{{token.Digest}}","rights":["read"],
             "passphrase_digest":"{{Passphrase.DigestOf(token, RightPassphrase)}}"}
            """);
        WireConnection connection = await live.ConnectAsync();
        ShareToken grant = ShareToken.New(RandomId.New());
        string asked = $$"""{"cap_id":"{{grant.CapId}}","token_digest":"{{grant.Digest}}"}""";
        foreach (string passphrase in new[] { WrongPassphrase, RightPassphrase })
        {
            await connection.CallAsync(
                "redeemShare", $$"""{"token":"{{token.Reveal()}}","passphrase":"{{passphrase}}","grant":{{asked}}}""");
        }

        return grant;
    }

    /// <summary>A secret in every place where it does not belong, and where it does: no answer repeats it.</summary>
    private static async Task MisuseAsync(LiveServer live, string secret)
    {
        WireConnection connection = await live.ConnectAsync();
        WireHandle root = await live.RedeemRootAsync(connection);
        (string Method, string Params)[] calls =
        [
            ("redeemShare", $$"""{"token":"{{secret}}"}"""), ("redeemShare", $$"""{"grant":"{{secret}}"}"""),
            ("redeemRoot", $$"""{"token":["{{secret}}"]}"""),
            ("redeemRoot", $$"""["{{secret}}"]"""),
            ("redeemRoot", $$"""{"token":"{{secret}}","passphrase":{"{{secret}}":1} }"""),
            ("redeemShare", $$"""{"token":"{{secret}}","writer_id":"{{secret}}"}"""),
            ("redeemShare", $$"""{"token":"{{secret}}","append":"{{secret}}"}"""),
            (secret, "{}"), (root.Path(secret), "{}"), (root.Path("revokeCapability"), $$"""{"cap_id":"{{secret}}"}"""),
            (root.Path("createShare"),
                $$"""{"share_id":"{{secret}}","cap_id":"{{secret}}","token_digest":"{{secret}}"}"""),
            (root.Path("attenuate"),
                $$"""{"cap_id":"{{RandomId.New()}}","token_digest":"{{secret}}","rights":["{{secret}}"]}"""),
        ];
        foreach ((string method, string parameters) in calls)
        {
            Assert.DoesNotContain(secret, (await connection.CallAsync(method, parameters)).GetRawText(),
                StringComparison.Ordinal);
        }

        using var http = new HttpClient { BaseAddress = live.Server.Address };
        foreach (string path in new[] { $"s/{secret}", $"rpc?token={secret}", $"api/share/{secret}",
            $"healthz?{secret}" })
        {
            HttpResponseMessage answer = await http.GetAsync(path, live.Timeout);
            Assert.DoesNotContain(secret, await answer.Content.ReadAsStringAsync(live.Timeout),
                StringComparison.Ordinal);
        }

        await connection.SendTextAsync($"{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"{secret}");
        await connection.ReceiveCloseAsync();
    }
}
