using System.Text.Json;
using ShareRpc.Cli;
using ShareRpc.Client;
using ShareRpc.Client.Admin;
using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Tests.MainJob;
using ShareRpc.Tests.Sources.Opencode;

namespace ShareRpc.Tests.Cli;

/// <summary>Pulling into a scripted program that writes down its arguments.</summary>
public sealed class PullTests : IDisposable
{
    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly OpencodeFiles files = new();
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task A_read_only_link_runs_opencode_import_on_its_own_token()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (ShareLink viewer, _) = await ShareAsync(server);

        (int exitCode, _, string errors) =
            await RunAsync("pull", viewer.Reveal(), "--into", "opencode", "--opencode-binary", Program(0));

        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Equal(["import", $"{server.Address.GetLeftPart(UriPartial.Authority)}/share/{viewer.Token.Reveal()}"],
            Arguments());
    }

    [Fact]
    public async Task A_link_that_may_invite_makes_a_read_only_token_for_the_import_and_takes_it_back_after()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (_, ShareLink owner) = await ShareAsync(server);

        (int exitCode, _, _) =
            await RunAsync("pull", owner.Reveal(), "--into", "opencode", "--opencode-binary", Program(0));

        Assert.Equal(0, exitCode);
        Assert.True(ShareToken.TryParse(Arguments()[1].Split("/share/")[1], out ShareToken? used));
        Assert.NotEqual(owner.Token.CapId, used.CapId);
        await using var reader = new ShareReader(new ShareLink(owner.Server, owner.ShareId, used));
        ShareRpcException refused = await Assert.ThrowsAsync<ShareRpcException>(() => reader.ReadStateAsync(timeout));
        Assert.Equal(ErrorCode.CapabilityRevoked, refused.Code);
        await using AdminClient admin = await AdminClient.OpenShareAsync(owner, timeout);
        var made = (await admin.ListCapabilitiesAsync(timeout)).Single(capability => capability.CapId == used.CapId);
        Assert.Equal(["read"], made.Rights);
        Assert.NotNull(made.Caveats.ExpiresAtMs);
    }

    [Fact]
    public async Task Print_only_prints_the_command_with_a_token_that_works()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (_, ShareLink owner) = await ShareAsync(server);

        (int exitCode, string output, _) =
            await RunAsync("pull", owner.Reveal(), "--into", "opencode", "--print", "--json");

        Assert.Equal(0, exitCode);
        JsonElement command = JsonSerializer.Deserialize<JsonElement>(output).GetProperty("command");
        Assert.Equal(["opencode", "import"], command.EnumerateArray().Take(2).Select(word => word.GetString()));
        Assert.True(ShareToken.TryParse(command[2].GetString()!.Split("/share/")[1], out ShareToken? token));
        await using var reader = new ShareReader(new ShareLink(owner.Server, owner.ShareId, token));
        Assert.NotEmpty((await reader.ReadStateAsync(timeout)).Documents);

        // What opencode fetches for that address.
        using var http = new HttpClient();
        string items = await http.GetStringAsync(new Uri(server.Address, $"/api/share/{token.Reveal()}/data"), timeout);
        JsonElement[] data = [.. JsonSerializer.Deserialize<JsonElement>(items).EnumerateArray()];
        Assert.Equal("session", data[0].GetProperty("type").GetString());
        Assert.Equal(FoldedDocuments.OfRows(Path.Combine(files.Folder, "sample.db")).Count,
            data.Count(item => item.GetProperty("type").GetString() is "message" or "part"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_link_that_opens_once_is_used_once_and_the_import_works_all_the_same(bool mayInvite)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (_, ShareLink owner) = await ShareAsync(server);
        ShareToken guest = ShareToken.New(RandomId.New());
        Rights rights = mayInvite ? Rights.Read | Rights.Attenuate : Rights.Read;
        await using (AdminClient admin = await AdminClient.OpenShareAsync(owner, timeout))
        {
            await admin.AttenuateAsync(new AttenuateRequest
            {
                CapId = guest.CapId, TokenDigest = guest.Digest, Rights = rights.ToNames(), Label = "guest",
                Caveats = new Caveats { MaxUses = 1 },
            });
        }

        (int exitCode, string output, string errors) = await RunAsync(
            "pull", new ShareLink(owner.Server, owner.ShareId, guest).Reveal(), "--into", "opencode", "--print",
            "--json");
        Assert.Equal((0, ""), (exitCode, errors));
        string address = JsonSerializer.Deserialize<JsonElement>(output).GetProperty("command")[2].GetString()!;
        using var http = new HttpClient();
        string data = await http.GetStringAsync(
            new Uri(server.Address, $"/api/share/{address.Split("/share/")[1]}/data"), timeout);

        Assert.StartsWith("[", data, StringComparison.Ordinal);
        Assert.DoesNotContain(guest.Reveal(), address, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_program_is_named_and_the_command_to_run_is_printed()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (ShareLink viewer, _) = await ShareAsync(server);

        (int exitCode, string output, string errors) = await RunAsync(
            "pull", viewer.Reveal(), "--into", "opencode", "--opencode-binary", Path.Combine(files.Folder, "none"));

        Assert.Equal(1, exitCode);
        Assert.Contains("There is no program", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("srpc_", errors, StringComparison.Ordinal);
        Assert.StartsWith("opencode import http", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_import_that_fails_is_an_error()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (ShareLink viewer, _) = await ShareAsync(server);

        (int exitCode, _, string errors) =
            await RunAsync("pull", viewer.Reveal(), "--into", "opencode", "--opencode-binary", Program(7));

        Assert.Equal(1, exitCode);
        Assert.Contains("exited with code 7", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_revoked_link_and_a_share_without_a_session_pull_nothing()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (ShareLink viewer, ShareLink owner) = await ShareAsync(server);
        await using (AdminClient admin = await AdminClient.OpenShareAsync(owner, timeout))
            await admin.RevokeCapabilityAsync(viewer.Token.CapId);
        await using ShareClient client = await server.OpenClientAsync();
        ShareWriter empty = await client.CreateShareAsync("notes", "notes", timeout);
        await empty.EnqueueAsync([Ops.Put("n", "{}")], cancellationToken: timeout);
        await empty.FlushAsync(timeout);

        (int revoked, _, _) =
            await RunAsync("pull", viewer.Reveal(), "--into", "opencode", "--opencode-binary", Program(0));
        (int none, _, string why) = await RunAsync(
            "pull", empty.ViewerLink!.Reveal(), "--into", "opencode", "--opencode-binary", Program(0));

        Assert.Equal((3, 1), (revoked, none));
        Assert.Contains("no opencode session", why, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(files.Folder, "arguments")));
    }

    public void Dispose() => files.Dispose();

    private async Task<(ShareLink Viewer, ShareLink Owner)> ShareAsync(RunningServer server)
    {
        string tokenFile = Path.Combine(server.DataDirectory, "root.token");
        (int exitCode, _, string errors) = await RunAsync(
            "share", "--once", "--opencode", files.Sample(), "--server", server.Address.ToString(), "--token-file",
            tokenFile);
        Assert.Equal((0, ""), (exitCode, errors));
        var options = new ShareClientOptions
        {
            Server = server.Address, OutboxPath = Path.Combine(files.Folder, "state", "outbox.db"),
            CredentialsPath = Path.Combine(files.Folder, "state", "credentials.json"),
        };
        await using ShareClient client = await ShareClient.OpenAsync(options, send: false, cancellationToken: timeout);
        ShareWriter writer = Assert.Single(client.Shares);
        return (writer.ViewerLink!, writer.OwnerLink!);
    }

    /// <summary>A program that writes its arguments down, a line each, and ends with a code.</summary>
    private string Program(int exitCode)
    {
        string path = Path.Combine(files.Folder, $"opencode-{exitCode}");
        File.WriteAllText(path, $"#!/bin/sh\nprintf '%s\\n' \"$@\" > '{files.Folder}/arguments'\nexit {exitCode}\n");
        File.SetUnixFileMode(path, Executable);
        return path;
    }

    private string[] Arguments() => File.ReadAllLines(Path.Combine(files.Folder, "arguments"));

    private async Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] args)
    {
        var output = new StringWriter();
        var errors = new StringWriter();
        int exitCode = await CommandLine.RunAsync([.. args, "--state", Path.Combine(files.Folder, "state")], output,
            errors, timeout);
        return (exitCode, output.ToString(), errors.ToString());
    }
}
