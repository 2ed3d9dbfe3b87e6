using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.Server.Hosting;
using ShareRpc.Tests.Server.Opencode;

namespace ShareRpc.Tests.Server.Http;

public sealed class HttpSecrecyTests
{
    [Fact]
    public async Task Invariant_I10_no_token_of_a_path_header_or_body_is_in_a_log_an_answer_or_the_database()
    {
        using var logs = new CapturedLogs();
        await using LiveServer live = await LiveServer.StartAsync(
            configure: builder =>
            {
                builder.Logging.SetMinimumLevel(LogLevel.Trace);
                builder.Services.AddSingleton<ILoggerProvider>(logs);
            },
            more: options => options with { OpenCreation = true, LogLevel = LogLevel.Trace });
        using var calls =
            new OpencodeCalls(live.Server.Address, live.Timeout) { Base = $"/a/{live.RootToken.Reveal()}" };
        OpencodeCalls.Shared shared = await calls.ShareAsync();
        await calls.SyncedAsync(shared,
            $$$"""{"type":"session","data":{"id":"s","share":{"url":"{{{shared.Url}}}"} } },{"type":"x"}""");
        string[] tokens =
            [ShareToken.New(RandomId.New()).Reveal(), live.RootToken.Reveal(), shared.Secret, shared.Capability];
        foreach (string token in tokens) await MisuseAsync(live, shared, token);
        await calls.ImportAsync(shared);
        await calls.DeleteAsync(shared.Id, shared.Secret);
        await live.Server.DisposeAsync();

        string[] secrets = [.. tokens.Select(token => token[28..71])];
        Assert.NotEmpty(logs.Lines);
        Assert.All(secrets,
            secret => Assert.DoesNotContain(logs.Lines, line => line.Contains(secret, StringComparison.Ordinal)));
        foreach (string file in Directory.EnumerateFiles(live.DataDirectory, "*", SearchOption.AllDirectories))
        {
            if (file == live.Server.RootTokenPath) continue;
            byte[] content = await File.ReadAllBytesAsync(file, live.Timeout);
            Assert.False(secrets.Any(secret => content.AsSpan().IndexOf(Encoding.ASCII.GetBytes(secret)) >= 0),
                $"a secret is in {file}");
        }
    }

    /// <summary>A token in every place of every call; no answer repeats it.</summary>
    private static async Task MisuseAsync(LiveServer live, OpencodeCalls.Shared shared, string token)
    {
        using var http = new HttpClient { BaseAddress = live.Server.Address };
        string secret =
            JsonSerializer.Serialize(new { secret = token, data = new object[] { new { type = token, data = 1 } } });
        (HttpMethod Method, string Path, string? Body)[] requests =
        [
            (HttpMethod.Post, $"/a/{token}/api/share", "{}"),
            (HttpMethod.Post, "/api/share", $$"""{"sessionID":"","x":"{{token}}"}"""),
            (HttpMethod.Post, $"/api/share/{token}/sync", secret),
            (HttpMethod.Post, $"/api/shares/{shared.Id}/sync", secret + token),
            (HttpMethod.Delete, $"/api/share/{token}", secret),
            (HttpMethod.Get, $"/api/share/{token}/data?x={token}", null),
            (HttpMethod.Get, $"/share/{token}", null), (HttpMethod.Get, $"/s/{token}", null),
            (HttpMethod.Put, $"/share/{token}", token),
            (HttpMethod.Get, $"/a/{token}/nothing", null),
            (HttpMethod.Get, $"/v1/shares/{token}/ops?after={token}", null),
            (HttpMethod.Post, $"/v1/shares/{shared.Id}/ops", token),
            (HttpMethod.Get, $"/v1/shares/{shared.Id}/state?kinds={token}", null),
        ];
        foreach ((HttpMethod method, string path, string? body) in requests)
        {
            using var request = new HttpRequestMessage(method, path);
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
            if (body is not null) request.Content = OpencodeCalls.Json(body);
            using HttpResponseMessage answer = await http.SendAsync(request, live.Timeout);
            string said = $"{answer.Headers} {await answer.Content.ReadAsStringAsync(live.Timeout)}";
            Assert.DoesNotContain(token, said, StringComparison.Ordinal);
        }
    }
}
